/**
 * What a row of the proof is: one claim, and cases that try to break it. Each case is made from its seed alone, so one that fails can be
 * run again. A few cases run with each `npm test`; `npm run prove` runs a row for as long as one likes.
 */

import type { Need } from '../requirement.ts';

export interface ProofRow {
  /** As `npm run prove -- NAME` has it. */
  readonly name: string;
  /** What holds, in a sentence. */
  readonly claim: string;
  /** What is counted: `kills`, `power cuts`, `inputs`. */
  readonly unit: string;
  /** The bug that was planted to see this row catch it. */
  readonly planted: string;
  /** Cases that each `npm test` runs. */
  readonly perCommit: number;
  /** Besides Node. Default: nothing. */
  readonly needs?: readonly Need[];
  /** Prepares what all cases of a run share. @throws what is missing on this machine */
  open(): Promise<ProofRun>;
}

export interface ProofRun extends AsyncDisposable {
  /**
   * One case.
   *
   * @returns how many of the unit it was, most often 1, and what it hit, such as the phase of a kill: the report counts these
   * @throws whatever shows that the claim does not hold, with all that is needed to see why
   */
  run(seed: number): Promise<ProofOutcome>;
}

export interface ProofOutcome {
  readonly count: number;
  readonly hit: readonly string[];
}
