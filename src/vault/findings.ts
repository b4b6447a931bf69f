/** What a verification has found so far: problems by object, and the chunks that they spoil. */

import { isStrataError, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Problem, ProblemCode } from './report.ts';

/** Paths named per problem: enough to see what is hit, little enough for a lost pack of a million files. */
const MAX_PATHS = 1000;

export interface OpenProblem {
  readonly code: ProblemCode;
  readonly object: string;
  readonly message: string;
  readonly paths: Set<string>;
}

export class Findings {
  readonly #problems = new Map<string, OpenProblem>();
  /** Object, then chunk id in hex: chunks that cannot be read there. */
  readonly #spoiled = new Map<string, Set<string>>();

  /** One problem an object: what was found first says most. */
  add(code: ProblemCode, object: string, message: string): OpenProblem {
    const known = this.#problems.get(object);
    if (known !== undefined) return known;
    const problem = { code, object, message: aboutIt(object, message), paths: new Set<string>() };
    this.#problems.set(object, problem);
    return problem;
  }

  find(object: string): OpenProblem | undefined {
    return this.#problems.get(object);
  }

  has(code: ProblemCode): boolean {
    return [...this.#problems.values()].some((problem) => problem.code === code);
  }

  /** Adds what reading `object` threw; throws again what says nothing about the object. */
  addError(object: string, error: unknown): OpenProblem {
    if (isStrataError(error, 'wrong_key')) return this.add('wrong_key', object, error.message);
    if (isStrataError(error, 'unsupported_format'))
      return this.add('unsupported_format', object, error.message);
    if (isStrataError(error, 'not_found')) return this.add('missing', object, 'it is missing from the store');
    if (isStrataError(error, 'integrity')) return this.add('damaged', object, error.message);
    throw error;
  }

  spoil(id: Sha256, problem: OpenProblem): void {
    const spoiled = this.#spoiled.get(problem.object) ?? new Set();
    this.#spoiled.set(problem.object, spoiled.add(toHex(id)));
  }

  /** Whether there is anything that cannot be read somewhere. */
  get spoilsAny(): boolean {
    return this.#spoiled.size > 0;
  }

  /** Why a chunk cannot be read in an object, if it cannot. */
  spoils(id: Sha256, object: string): OpenProblem | undefined {
    return this.#spoiled.get(object)?.has(toHex(id)) === true ? this.#problems.get(object) : undefined;
  }

  /** Names something that cannot be restored because of a problem. */
  hit(problem: OpenProblem, path: string): void {
    if (problem.paths.size < MAX_PATHS) problem.paths.add(path);
  }

  problems(): Problem[] {
    return [...this.#problems.values()]
      .map((problem) => ({ ...problem, paths: [...problem.paths] }))
      .sort((a, b) => (a.object < b.object ? -1 : 1));
  }
}

/** Errors name the object that they are about; a problem has it beside the message. */
function aboutIt(object: string, message: string): string {
  const named = `object ${object} `;
  return message.startsWith(named) ? `it ${message.slice(named.length)}` : message;
}
