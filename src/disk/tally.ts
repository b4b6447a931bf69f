/** How many paths something happened to, and the first of them: a million files must not become a million strings. */

import { displayPath, pathText } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';

/** Paths that a tally keeps. */
const KEPT = 100;

export interface Tally {
  readonly count: number;
  /** The first 100. */
  readonly paths: readonly Path[];
}

export class Tallying implements Tally {
  count = 0;
  readonly paths: Path[] = [];

  add(path: Path): void {
    this.count++;
    if (this.paths.length < KEPT) this.paths.push([...path]);
  }
}

/** `a/b`, or `a/b and 41 more`, for the end of a message. */
export function tallyText({ count, paths }: Tally): string {
  const first = pathText(paths[0] ?? []) || 'the directory itself';
  return count > 1 ? `${first} and ${count - 1} more` : first;
}

/** For the `details` of an error. */
export function tallyDetails({ count, paths }: Tally): { count: number; paths: string[] } {
  return { count, paths: paths.map(displayPath) };
}
