/** Medians and ratios of rows. Times drift from hour to hour; ratios are taken inside one round, and only then their median. */

import type { Operation } from './peers.ts';
import type { Row } from './results.ts';

/** Of what there is: NaN of nothing. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function rowsOf(rows: readonly Row[], peer: string, operation: Operation): Row[] {
  return rows.filter((row) => row.peer === peer && row.operation === operation);
}

/** Median seconds; undefined if it was not measured. */
export function wallOf(rows: readonly Row[], peer: string, operation: Operation): number | undefined {
  const walls = rowsOf(rows, peer, operation).map((row) => row.wall);
  return walls.length === 0 ? undefined : median(walls);
}

/** The median over the rounds of a peer's time by another's. */
export function ratioOf(
  rows: readonly Row[],
  peer: string,
  base: string,
  operation: Operation,
): number | undefined {
  const bases = new Map(rowsOf(rows, base, operation).map((row) => [row.round, row.wall]));
  const ratios = rowsOf(rows, peer, operation).flatMap((row) => {
    const wall = bases.get(row.round);
    return wall === undefined ? [] : [row.wall / wall];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

/** The median over the rounds of a peer's time for one operation by its time for another. */
export function slowdownOf(
  rows: readonly Row[],
  peer: string,
  operation: Operation,
  base: Operation,
): number | undefined {
  const own = rows.filter(
    (row) => row.peer === peer && (row.operation === operation || row.operation === base),
  );
  // As if they were two peers that do the same.
  const renamed = own.map((row) => ({ ...row, peer: row.operation, operation }));
  return ratioOf(renamed, operation, base, operation);
}

/** Of the peers that were measured and brought back the right thing: the one with the smallest median. */
export function fastestOf(
  rows: readonly Row[],
  peers: readonly string[],
  operation: Operation,
): string | undefined {
  const right = peers.filter((peer) =>
    rowsOf(rows, peer, operation).every((row) => (row.differences?.count ?? 0) === 0),
  );
  const times = right.flatMap((peer) => {
    const wall = wallOf(rows, peer, operation);
    return wall === undefined ? [] : [{ peer, wall }];
  });
  return times.sort((a, b) => a.wall - b.wall)[0]?.peer;
}
