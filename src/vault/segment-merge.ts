/**
 * Segments become one, so that there are few to read at each start: every save adds one, and a start reads them all.
 *
 * A save merges what earlier ones have left, beside its own work and apart from it: it takes no part in the commit, and whatever
 * cuts it off leaves the segments as they were.
 */

import { isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Keyring } from './keyring.ts';
import { segmentIdentity } from './names.ts';
import type { SegmentId } from './names.ts';
import { getEncodedSegment } from './segment.ts';
import { replaceSegments, segmentRows } from './segments-in-force.ts';
import type { SegmentRow } from './segments-in-force.ts';
import type { EncodedTable } from './table.ts';
import type { VaultWorld } from './world.ts';

/**
 * Segments of one level that become one of a higher one: so of each level there are at most three, and each byte is written again
 * once a level. With more there would be more objects to read at a start, with fewer more to write.
 */
const FAN = 4;
/** Bytes below which all segments are of the lowest level: a save of a few files leaves 1–2 KiB. */
const LOWEST_LEVEL = 16 * 1024;
/** Bytes that are merged at a time, for the memory that it takes: 1.8 million chunks. Larger segments stay as they are. */
const MAX_MERGED_BYTES = 64 * 1024 * 1024;

/** Merges segments if there are too many. What keeps it from doing so keeps nobody from saving: another save does it. */
export async function mergeSegments(
  world: VaultWorld,
  keyring: Keyring,
  options: Cancellable = {},
): Promise<void> {
  try {
    const chosen = chooseSegments(await segmentRows(world, keyring.tenant));
    if (chosen.length > 0) await merge(world, keyring, chosen, options);
  } catch (error) {
    if (!isStrataError(error)) throw error;
  }
}

/** @returns those to be merged into one, smallest first, or none */
export function chooseSegments(rows: readonly SegmentRow[]): readonly SegmentRow[] {
  const sorted = rows.toSorted((a, b) => a.size - b.size);
  const fitting = sorted.slice(0, countFitting(sorted));
  let chosen: readonly SegmentRow[] = [];
  let [least, most] = [0, LOWEST_LEVEL];
  while (least <= MAX_MERGED_BYTES) {
    const below = fitting.filter(({ size }) => size < least);
    const upTo = fitting.filter(({ size }) => size < most);
    // What is merged already may have grown into this level.
    const merged = chosen.length > 0 && sizeOf(chosen) >= least ? 1 : 0;
    // So many of one level are one of a higher level together: else a large one would be written again for each small one.
    if (upTo.length - below.length + merged >= FAN) chosen = upTo;
    [least, most] = [most, most * FAN];
  }
  return chosen;
}

/** How many of the smallest are within the bound together. */
function countFitting(ascending: readonly SegmentRow[]): number {
  let bytes = 0;
  const tooMuch = ascending.findIndex(({ size }) => (bytes += size) > MAX_MERGED_BYTES);
  return tooMuch === -1 ? ascending.length : tooMuch;
}

function sizeOf(rows: readonly SegmentRow[]): number {
  return rows.reduce((sum, { size }) => sum + size, 0);
}

async function merge(
  world: VaultWorld,
  keyring: Keyring,
  chosen: readonly SegmentRow[],
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
  if (!(await replaceSegments(world, keyring, chosen, [...tables.values()], options))) return;
  for (const segment of obsolete) await world.store.delete(segmentIdentity(keyring.tenant, segment).name);
}
