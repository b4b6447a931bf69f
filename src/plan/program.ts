/**
 * Programs that match text in linear time: all states at once, one character after another. JavaScript's own expressions would
 * take `(a+)+$` exponentially long, and whoever writes a run file may be hostile.
 */

/** Of what is matched: no name of a branch or a file is longer. */
export const MAX_SUBJECT = 1024;
/** Steps of a program: what a short text with counts is written out to. */
const MAX_PROGRAM = 1000;

export type Test = (character: number) => boolean;

export type Step =
  | { readonly kind: 'take'; readonly test: Test }
  /** Goes on at both. */
  | { readonly kind: 'fork'; readonly to: readonly [number, number] }
  | { readonly kind: 'assert'; readonly holds: (before: number, after: number) => boolean }
  | { readonly kind: 'jump'; readonly to: number };

/** Where there is no character. */
export const NONE = -1;

export type Program = readonly Step[];

/** What is wrong with a pattern, as the end of a sentence. */
export class PatternError extends Error {}

/** Whether the program matches anywhere in `subject`. Text beyond the bound matches nothing. */
export function search(program: Program, subject: string): boolean {
  return run(program, subject, false);
}

/** Whether the program matches all of `subject`. */
export function matchWhole(program: Program, subject: string): boolean {
  return run(program, subject, true);
}

function run(program: Program, subject: string, whole: boolean): boolean {
  if (subject.length > MAX_SUBJECT) return false;
  const characters = Array.from(subject, (character) => character.codePointAt(0)!);
  let states: number[] = [];
  for (let at = 0; at <= characters.length; at++) {
    const before = characters[at - 1] ?? NONE;
    const after = characters[at] ?? NONE;
    const seen = new Uint8Array(program.length + 1);
    const reached: number[] = [];
    const pending = whole && at > 0 ? states : [0, ...states];
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      if (state === program.length) {
        if (!whole || after === NONE) return true;
        continue;
      }
      if (seen[state] === 1) continue;
      seen[state] = 1;
      const step = program[state]!;
      if (step.kind === 'take') reached.push(state);
      else if (step.kind === 'jump') pending.push(step.to);
      else if (step.kind === 'fork') pending.push(...step.to);
      else if (step.holds(before, after)) pending.push(state + 1);
    }
    states = reached
      .filter((state) => (program[state] as { test: Test }).test(after))
      .map((state) => state + 1);
  }
  return false;
}

export const code = (character: string): number => character.codePointAt(0)!;
export const within = (first: string, last: string): Test => {
  const [low, high] = [code(first), code(last)];
  return (character) => character >= low && character <= high;
};
export const any =
  (...tests: readonly Test[]): Test =>
  (character) =>
    tests.some((test) => test(character));
export const not =
  (test: Test): Test =>
  (character) =>
    character !== NONE && !test(character);
export const set = (characters: string): Test => {
  const codes = new Set(Array.from(characters, code));
  return (character) => codes.has(character);
};

/** Appends steps, whose targets count from their own start. */
export function append(steps: Step[], more: readonly Step[]): void {
  const base = steps.length;
  for (const step of more) {
    if (step.kind === 'fork') steps.push({ kind: 'fork', to: [step.to[0] + base, step.to[1] + base] });
    else if (step.kind === 'jump') steps.push({ kind: 'jump', to: step.to + base });
    else steps.push(step);
  }
}

export function either(one: readonly Step[], other: readonly Step[]): Step[] {
  const steps: Step[] = [{ kind: 'fork', to: [1, one.length + 2] }];
  append(steps, one);
  steps.push({ kind: 'jump', to: one.length + 2 + other.length });
  append(steps, other);
  return steps;
}

export function repeat(once: readonly Step[], least: number, most: number): Step[] {
  const steps: Step[] = [];
  for (let times = 0; times < least && once.length > 0; times++) {
    append(steps, once);
    bounded(steps);
  }
  if (most === Infinity) {
    const loop = steps.length;
    steps.push({ kind: 'fork', to: [loop + 1, loop + once.length + 2] });
    append(steps, once);
    steps.push({ kind: 'jump', to: loop });
    return bounded(steps);
  }
  for (let times = least; times < most && once.length > 0; times++) {
    const optional: Step[] = [{ kind: 'fork', to: [1, once.length + 1] }];
    append(optional, once);
    append(steps, optional);
    bounded(steps);
  }
  return steps;
}

export function bounded(steps: Step[]): Step[] {
  if (steps.length > MAX_PROGRAM) throw new PatternError('it is too large: use smaller counts');
  return steps;
}
