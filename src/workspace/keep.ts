/** Which snapshots rules keep. */

import { StrataError } from '../base/index.ts';

/** A snapshot stays if any rule keeps it; the latest always does. */
export interface KeepRules {
  /** So many of the newest. */
  readonly keepLast?: number | undefined;
  /** Those that are not older. Milliseconds. */
  readonly keepWithin?: number | undefined;
}

/** @param snapshots in the order of their numbers @throws bad_input */
export function chooseToForget<Snapshot extends { readonly created: number }>(
  snapshots: readonly Snapshot[],
  { keepLast, keepWithin }: KeepRules,
  now: number,
): readonly Snapshot[] {
  if (keepLast !== undefined && (!Number.isSafeInteger(keepLast) || keepLast < 1))
    throw new StrataError('bad_input', `${keepLast} is no number of snapshots to keep`, {
      hint: 'Keep at least one; `strata workspaces rm` removes a workspace.',
    });
  const fromEnd = (at: number) => snapshots.length - at;
  return snapshots.filter(
    ({ created }, at) =>
      fromEnd(at) > Math.max(1, keepLast ?? 1) && !(keepWithin !== undefined && created >= now - keepWithin),
  );
}
