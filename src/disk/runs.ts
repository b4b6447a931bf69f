/**
 * In which order the pieces of a schedule are written: by pack and block, so that each block is fetched and decoded once. In the order of
 * the files each of a thousand copies of a file would want a block that lies far away.
 */

import { equalBytes, toHex } from '../base/index.ts';
import type { BlockPlace } from '../vault/index.ts';
import { NO_BLOCK } from './schedule.ts';
import type { Window } from './scheduler.ts';

/** Stored bytes of a run: large requests, and small enough that threads end at about the same time. */
const RUN_BYTES = 2 * 1024 * 1024;

/** Plain bytes of a run. */
const RUN_PLAIN = 8 * 1024 * 1024;

/** Stored bytes of a pack that one request may bring: half of a pack. They start at multiples of it, so that a later one asks for the same, but for what each writer begins with. */
const SPAN_BYTES = 8 * 1024 * 1024;

/** Files without content in a run. */
const RUN_FILES = 512;

/** Neighbouring blocks of a pack, and the pieces that are in them. */
export interface Run {
  /** Empty: its pieces need no block. */
  readonly blocks: readonly BlockPlace[];
  /** Where in the schedule's `order` the pieces of each block start, and where those of the last one end. */
  readonly starts: readonly number[];
}

/** Also sets the schedule's `order`, `remaining`, and `made` for files of several runs, which `sharedFiles` names. */
export interface Runs {
  readonly runs: readonly Run[];
  /** Have pieces in several runs, so that they have to be made before any of them. */
  readonly sharedFiles: readonly number[];
}

export function planRuns(window: Window): Runs {
  const { pieces } = window.schedule;
  const ranked = rank(window.blocks);
  const ends = orderByRank(window, ranked);
  const runs: Run[] = [];
  let blocks: BlockPlace[] = [];
  let starts: number[] = [];
  let [bytes, plain] = [0, 0];
  const close = (end: number) => {
    if (blocks.length > 0) runs.push({ blocks, starts: [...starts, end] });
    blocks = [];
    starts = [];
    bytes = plain = 0;
  };
  let start = 0;
  for (const [at, number] of ranked.entries()) {
    const block = window.blocks[number]!;
    bytes += block.frameLength;
    plain += block.plainLength;
    const before = blocks.at(-1);
    if (before !== undefined && (!follows(before, block) || bytes > RUN_BYTES || plain > RUN_PLAIN)) {
      close(start);
      bytes = block.frameLength;
      plain = block.plainLength;
    }
    blocks.push(block);
    starts.push(start);
    start = ends[at]!;
  }
  close(start);
  for (let from = start; from < pieces.count; from += RUN_FILES)
    runs.push({ blocks: [], starts: [from, Math.min(from + RUN_FILES, pieces.count)] });
  return { runs, sharedFiles: countPieces(window, runs) };
}

function follows(before: BlockPlace, block: BlockPlace): boolean {
  return before.offset + before.frameLength === block.offset && isInSpan(before, block);
}

/** Whether one request may bring both. */
export function isInSpan(before: BlockPlace, block: BlockPlace): boolean {
  return spanOf(before) === spanOf(block) && equalBytes(before.pack, block.pack);
}

/** A block is where it starts. */
function spanOf({ offset }: BlockPlace): number {
  return Math.floor(offset / SPAN_BYTES);
}

/** The numbers of the blocks, by pack and place; packs in the order in which the tree first needs them, as their files are neighbours. */
function rank(blocks: readonly BlockPlace[]): number[] {
  const packs = new Map<string, number>();
  const packOf = blocks.map(({ pack }) => {
    const key = toHex(pack);
    const known = packs.get(key) ?? packs.size;
    packs.set(key, known);
    return known;
  });
  return blocks
    .map((_, number) => number)
    .sort((a, b) => packOf[a]! - packOf[b]! || blocks[a]!.number - blocks[b]!.number);
}

/**
 * Sorts the pieces by the ranks of their blocks, those of a block by their places in it, and equal ones as they come.
 *
 * @returns where the pieces of each rank end
 */
function orderByRank({ schedule }: Window, ranked: readonly number[]): Uint32Array {
  const { count, block, offset, order } = schedule.pieces;
  const rankOf = new Uint32Array(ranked.length);
  for (const [at, number] of ranked.entries()) rankOf[number] = at;
  const counts = new Uint32Array(ranked.length + 1);
  const rankAt = (piece: number) => (block[piece] === NO_BLOCK ? ranked.length : rankOf[block[piece]!]!);
  for (let piece = 0; piece < count; piece++) counts[rankAt(piece)]!++;
  const next = new Uint32Array(ranked.length + 1);
  for (let at = 1; at < next.length; at++) next[at] = next[at - 1]! + counts[at - 1]!;
  for (let piece = 0; piece < count; piece++) order[next[rankAt(piece)]!++] = piece;
  for (let at = 0; at < ranked.length; at++)
    sortByOffset(order.subarray(next[at]! - counts[at]!, next[at]), offset);
  return next;
}

/** Typed arrays of plain numbers are sorted natively, without a call for each comparison: an offset has 24 bits, a row fewer. */
function sortByOffset(rows: Uint32Array, offset: Uint32Array): void {
  const keys = new Float64Array(rows.length);
  for (let at = 0; at < rows.length; at++) keys[at] = offset[rows[at]!]! * ROWS + rows[at]!;
  keys.sort();
  for (let at = 0; at < rows.length; at++) rows[at] = keys[at]! % ROWS;
}

const ROWS = 2 ** 24;

/** @returns the files of several runs */
function countPieces({ schedule, unfinished }: Window, runs: readonly Run[]): number[] {
  const { files, pieces } = schedule;
  const remaining = files.remaining.subarray(0, files.count).fill(0);
  const runOf = new Int32Array(files.count).fill(-1);
  const shared = new Set<number>();
  for (const [number, { starts }] of runs.entries()) {
    for (let at = starts[0]!; at < starts.at(-1)!; at++) {
      const file = pieces.file[pieces.order[at]!]!;
      remaining[file]!++;
      if (runOf[file] === -1) runOf[file] = number;
      else if (runOf[file] !== number) shared.add(file);
    }
  }
  // Its end comes with a later window, which finds it made.
  if (unfinished !== undefined) {
    remaining[unfinished]!++;
    shared.add(unfinished);
  }
  return [...shared];
}
