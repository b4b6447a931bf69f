/** One line on stderr that says how far a command is; nobody but a person at a terminal sees it. */

import type { Invocation } from './invocation.ts';
import { progressLine, wholeOf, workOf } from './progress-line.ts';
import type { Counts } from './progress-line.ts';
import { RecentRate } from './recent-rate.ts';

export { progressText } from './progress-line.ts';

/** Fast enough to look alive, slow enough to cost nothing. */
const INTERVAL_MS = 100;
/** Also for a terminal that says it has none. */
const DEFAULT_COLUMNS = 80;

const CLEAR_LINE = '\r\x1b[K';

/** Undefined when there is nobody to see it. */
type OnProgress = ((counts: Counts) => void) | undefined;

/** The line is gone when `work` ends. @param doing as in `saving` */
export async function withProgress<T>(
  { terminal, world }: Invocation,
  doing: string,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const { stderr, json, quiet } = terminal;
  if (stderr.isTTY !== true || json || quiet) return work(undefined);
  const recent = new RecentRate(world.clock(), 2);
  let drawn = 0;
  const draw = (counts: Counts) => {
    const now = world.clock();
    if (now - drawn < INTERVAL_MS) return;
    drawn = now;
    recent.add(now, [counts.bytes, workOf(counts)]);
    // One less than there are: a terminal that is filled to the last column may begin another line.
    const width = (stderr.columns || DEFAULT_COLUMNS) - 1;
    stderr.write(CLEAR_LINE + progressLine(doing, counts, paceOf(counts, recent), width));
  };
  try {
    return await work(draw);
  } finally {
    if (drawn !== 0) stderr.write(CLEAR_LINE);
  }
}

function paceOf(counts: Counts, recent: RecentRate): { rate: number | undefined; left: number | undefined } {
  const [rate, work = 0] = recent.perSecond ?? [];
  const known = counts.total !== undefined && recent.isSettled && work > 0;
  return { rate, left: known ? (workOf(wholeOf(counts, counts.total!)) - workOf(counts)) / work : undefined };
}
