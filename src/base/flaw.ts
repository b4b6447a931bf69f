/** What is wrong with a text that somebody wrote: all of it at once, each with its place. */

import { StrataError } from './error.ts';
import type { ErrorDetails } from './error.ts';
import { meantText } from './near.ts';

export interface Flaw {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** For a name that does not exist: those that may have been meant. */
  readonly near?: readonly string[];
}

interface Found {
  readonly offset: number;
  readonly message: string;
  readonly near: readonly string[] | undefined;
}

export interface FlawOptions {
  /** It is about a key that does not exist. */
  readonly unknownKey?: boolean;
  /** Names that may have been meant. Asked only for flaws that are told. */
  readonly near?: () => readonly string[];
}

/** Flaws in the text of an error. */
const MAX_TOLD = 20;
/** Flaws in its details. */
const MAX_KEPT = 1000;

export class Flaws {
  readonly #source: string;
  readonly #found: Found[] = [];
  #unknownKeys = 0;
  #count = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** Those that were not kept included. */
  get count(): number {
    return this.#count;
  }

  /** @param offset characters from the start of the source */
  add(offset: number, message: string, { unknownKey = false, near }: FlawOptions = {}): void {
    this.#count++;
    if (unknownKey) this.#unknownKeys++;
    if (this.#found.length >= MAX_KEPT) return;
    // To look for names that are spelled alike takes a while: ten thousand wrong names are nobody's slips.
    const told = this.#found.length < MAX_TOLD ? near?.() : unknownKey ? [] : undefined;
    this.#found.push({ offset, message, near: told });
  }

  /** In the order of the file. */
  list(): Flaw[] {
    let line = 1;
    let start = 0;
    return this.#found
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, message, near }) => {
        for (let end = this.#newline(start); end < offset; end = this.#newline(start)) {
          line++;
          start = end + 1;
        }
        return { line, column: offset - start + 1, message, ...(near && { near }) };
      });
  }

  #newline(from: number): number {
    const at = this.#source.indexOf('\n', from);
    return at === -1 ? Infinity : at;
  }

  /**
   * @param shown the file, as it is named in errors
   * @param details beside `problems`, which are the flaws
   */
  error(shown: string, details: ErrorDetails = {}): StrataError {
    const flaws = this.list();
    const [only] = flaws;
    const told = flaws
      .slice(0, MAX_TOLD)
      .map(
        (flaw) =>
          `${shown}:${flaw.line}:${flaw.column}: ${flaw.message}${flaws.length > 1 ? meantText(flaw.near ?? []) : ''}`,
      );
    if (this.#count > told.length) told.push(`and ${this.#count - told.length} more`);
    // Of several flaws each has its own, in its line.
    const near = flaws.length === 1 ? (only?.near ?? []) : [];
    const code = this.#unknownKeys === this.#count ? 'unknown_config_key' : 'bad_input';
    return new StrataError(code, told.join('\n'), {
      hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : 'Correct the file; nothing was changed.',
      details: { ...details, problems: flaws },
    });
  }
}
