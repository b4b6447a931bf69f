/** What is asked for at once: over a network the runs that lie near each other in a pack, as each request costs a way there and back. */

import { isInSpan } from './runs.ts';
import type { Run } from './runs.ts';

/** Bytes between two runs that are fetched although nobody wants them: it takes no longer than another request. */
const GAP_BYTES = 256 * 1024;

/** Runs that come by one request, in their order; or one run that needs none. */
export interface Read {
  readonly runs: readonly Run[];
  /** Stored, with what lies between. */
  readonly bytes: number;
}

/** @param runs of one pack one after another @param isFar else each is read by itself: that costs nothing here */
export function planReads(runs: readonly Run[], isFar: boolean): readonly Read[] {
  const groups: Run[][] = [];
  for (const run of runs) {
    const group = groups.at(-1);
    if (isFar && group !== undefined && isNear(group.at(-1)!, run)) group.push(run);
    else groups.push([run]);
  }
  return groups.map(readOf);
}

/**
 * The first run by itself, if there are more: it is there long before all of them would be.
 *
 * @returns the read itself if it has one run
 */
export function firstApart(read: Read): readonly Read[] {
  const [first, ...rest] = read.runs;
  return first === undefined || rest.length === 0 ? [read] : [readOf([first]), readOf(rest)];
}

/** @param runs at least one */
function readOf(runs: readonly Run[]): Read {
  return { runs, bytes: endOf(runs.at(-1)!) - startOf(runs[0]!) };
}

function isNear(before: Run, run: Run): boolean {
  const [last, first] = [before.blocks.at(-1), run.blocks[0]];
  if (last === undefined || first === undefined) return false;
  return isInSpan(last, first) && startOf(run) - endOf(before) <= GAP_BYTES;
}

function startOf({ blocks }: Run): number {
  return blocks[0]?.offset ?? 0;
}

function endOf({ blocks }: Run): number {
  const last = blocks.at(-1);
  return last === undefined ? 0 : last.offset + last.frameLength;
}
