/**
 * Segments become one, so that there are few to read at each start: every save adds one, and a start reads them all.
 *
 * A save merges what earlier ones have left, beside its own work and apart from it: it takes no part in the commit, and whatever
 * cuts it off leaves the segments as they were.
 */

import { isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import type { Keyring } from './keyring.ts';
import { chooseToMerge } from './levels.ts';
import type { Levels } from './levels.ts';
import { segmentIdentity } from './names.ts';
import type { SegmentId } from './names.ts';
import { getEncodedSegment } from './segment.ts';
import { replaceSegments, segmentRows } from './segments-in-force.ts';
import type { SegmentRow } from './segments-in-force.ts';
import type { EncodedTable } from './table.ts';
import type { VaultWorld } from './world.ts';

/**
 * With a larger fan there would be more objects to read at a start, with a smaller one more to write. A save of a few files leaves
 * 1–2 KiB. The bound is for the memory that merging takes: 1.8 million chunks.
 */
const LEVELS: Levels = { fan: 4, lowest: 16 * 1024, most: 64 * 1024 * 1024 };

/**
 * Merges segments if there are too many. What keeps it from doing so keeps nobody from saving: another save does it.
 *
 * @param within as of `replaceSegments`
 */
export async function mergeSegments(
  world: VaultWorld,
  keyring: Keyring,
  within: (tx: Transaction) => Promise<void>,
  options: Cancellable = {},
): Promise<void> {
  try {
    const chosen = chooseSegments(await segmentRows(world, keyring.tenant));
    if (chosen.length > 0) await merge(world, keyring, chosen, within, options);
  } catch (error) {
    if (!isStrataError(error)) throw error;
  }
}

/** @returns those to be merged into one, smallest first, or none */
export function chooseSegments(rows: readonly SegmentRow[]): readonly SegmentRow[] {
  return chooseToMerge(rows, LEVELS);
}

async function merge(
  world: VaultWorld,
  keyring: Keyring,
  chosen: readonly SegmentRow[],
  within: (tx: Transaction) => Promise<void>,
  options: Cancellable,
): Promise<void> {
  const tables = new Map<string, EncodedTable>();
  const obsolete: SegmentId[] = [];
  for (const { segment } of chosen) {
    const read = await getEncodedSegment(world.store, keyring, segment, options);
    for (const table of read.tables) tables.set(toHex(table.pack), table);
    // What it replaced itself is there still if a crash came between.
    obsolete.push(segment, ...read.replaces);
  }
  if (!(await replaceSegments(world, keyring, chosen, [...tables.values()], within, options))) return;
  for (const segment of obsolete) await world.store.delete(segmentIdentity(keyring.tenant, segment).name);
}
