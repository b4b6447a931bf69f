/**
 * What a restore can do before its tree can be read: start the threads that will write it. A store that is opened over a network takes
 * longer than they do, and leaves a processor idle.
 */

import { handsFor } from './crew.ts';
import type { Crew } from './crew.ts';
import { openTarget } from './target.ts';
import { ThreadedRuns } from './threaded-runs.ts';

/** Ends the threads when it is disposed of. */
export class RestoreAhead implements AsyncDisposable {
  /** Undefined where they would gain nothing. */
  readonly threads: ThreadedRuns | undefined;

  private constructor(threads?: ThreadedRuns) {
    this.threads = threads;
  }

  /** @param expected of the tree, as somebody remembers it */
  static to(
    directory: string,
    expected: { readonly files: number; readonly bytes: number },
    crew: Crew = {},
  ): RestoreAhead {
    const hands = handsFor(crew, expected);
    return new RestoreAhead(
      hands.threads > 0 && isEmpty(directory) ? new ThreadedRuns(hands, crew.module) : undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads?.[Symbol.asyncDispose]();
  }
}

/** So that all of the tree will be written. */
function isEmpty(directory: string): boolean {
  try {
    using existing = openTarget(directory).existing;
    return existing === undefined || (existing.empty && existing.leftovers.length === 0);
  } catch {
    // The restore will tell.
    return false;
  }
}
