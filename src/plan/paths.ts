/** Which files of a directory a list of globs takes, as somebody walks through it. */

import { parseGlob } from './glob.ts';
import type { Segment } from './glob.ts';
import { matchWhole } from './program.ts';

/** `take`: it, and if it is a directory all that is in it. `enter`: not it, but maybe something below. */
export type Selection = 'take' | 'enter' | 'skip';

interface State {
  readonly taken: boolean;
  /** Pairs of a pattern and how many of its segments are behind. */
  readonly open: readonly (readonly [pattern: number, segment: number])[];
}

export class PathSelector {
  readonly #globs: readonly string[];
  readonly #patterns: readonly (readonly Segment[])[];
  /** Which glob each of the patterns comes from. */
  readonly #origins: readonly number[];
  readonly #matched = new Set<number>();
  /** Of the last path: its names, and the states before and after each. */
  readonly #names: string[] = [];
  readonly #states: State[];

  /** @throws PatternError; not for globs of a file that was read */
  constructor(globs: readonly string[]) {
    const parsed = globs.map(parseGlob);
    this.#globs = globs;
    this.#patterns = parsed.flat();
    this.#origins = parsed.flatMap((patterns, at) => patterns.map(() => at));
    this.#states = [
      this.#state(
        false,
        this.#patterns.map((_, at) => [at, 0] as const),
      ),
    ];
  }

  /**
   * @param path names joined by `/`, relative, without `.` and `..`; the directory that is walked is the empty path. What is no
   * UTF-8 in a name is given as U+FFFD. A walk in order is fastest: what leads to the last path is remembered.
   */
  select(path: string, isDirectory: boolean): Selection {
    const names = path === '' ? [] : path.split('/');
    let same = 0;
    while (same < names.length && names[same] === this.#names[same]) same++;
    this.#names.length = same;
    this.#states.length = same + 1;
    for (const name of names.slice(same)) {
      this.#names.push(name);
      this.#states.push(this.#next(this.#states.at(-1)!, name));
    }
    const { taken, open } = this.#states.at(-1)!;
    if (taken) return 'take';
    return isDirectory && open.length > 0 ? 'enter' : 'skip';
  }

  /** The globs that took nothing so far. Exact if `select` is asked for all paths, those below a directory that is taken too. */
  unmatched(): readonly string[] {
    return this.#globs.filter((_, at) => !this.#matched.has(at));
  }

  #next(state: State, name: string): State {
    const reached: (readonly [number, number])[] = [];
    for (const [pattern, at] of state.open) {
      const segment = this.#patterns[pattern]![at]!;
      if (segment === '**') reached.push([pattern, at]);
      else if (matchWhole(segment, name)) reached.push([pattern, at + 1]);
    }
    return this.#state(state.taken, reached);
  }

  /** Any number of names may be none: a pattern that stands before `**` stands behind it as well. */
  #state(taken: boolean, reached: readonly (readonly [number, number])[]): State {
    const open: (readonly [number, number])[] = [];
    const seen = new Set<string>();
    let ends = taken;
    for (const [pattern, from] of reached) {
      const segments = this.#patterns[pattern]!;
      for (let at = from; !seen.has(`${pattern} ${at}`); at++) {
        seen.add(`${pattern} ${at}`);
        if (at === segments.length) {
          ends = true;
          this.#matched.add(this.#origins[pattern]!);
          break;
        }
        open.push([pattern, at]);
        if (segments[at] !== '**') break;
      }
    }
    return { taken: ends, open };
  }
}
