/**
 * A range of a long file becomes the chunks that the whole file has there, while another thread cuts the range before it.
 *
 * The stitching rule: a chunk belongs to the range that it starts in. A range is cut from its first byte on trial; when the range before
 * says where its last chunk ends, the true cuts start there, and from the first one that was also found on trial both go on as one
 * (docs/design.md 2: the cuts after any true cut are the true ones). Only then anything is hashed.
 */

import { MAX_CHUNK, PAGE, isZeroPage, nextCut, scanBuffer } from '../chunk/index.ts';
import { readFully } from './cut-file.ts';
import type { ChunkSink, ExtentSink } from './cut-file.ts';

/** Bytes of a range: small enough that a few of them wait for the store in little memory, 32 times the longest chunk: that much is read twice. */
export const RANGE = 8 * 1024 * 1024;

export interface Range {
  /** Where it starts: a multiple of `PAGE`. */
  readonly from: number;
  /** Where it ends: the end of the file, or a multiple of `PAGE`. */
  readonly to: number;
  /** Up to where nothing is known to be a hole, `to` or further: the last chunk may reach so far. */
  readonly end: number;
  /** Whether no range comes right before it: its first byte is a true cut. */
  readonly first: boolean;
}

/** What `cutRange` works in. */
export function rangeBuffer(): Uint8Array {
  return scanBuffer(RANGE + MAX_CHUNK);
}

/** Pieces of a range, in bytes from its start: data runs are cut, holes are not. */
interface Run {
  readonly hole: boolean;
  readonly start: number;
  readonly end: number;
  /** Whether what follows its end does not change its cuts. */
  readonly final: boolean;
}

/**
 * @param startOf waits for where the first chunk of the range starts, a position in the file; undefined if that will never be known
 * @param tellEnd is told where its last chunk ends
 * @returns false if that was so, or if the file is shorter than it was
 * @throws the system's error
 */
export function cutRange(
  fd: number,
  range: Range,
  sink: ChunkSink,
  buffer: Uint8Array,
  content: ExtentSink,
  startOf: () => number | undefined,
  tellEnd: (position: number) => void,
): boolean {
  const { from, to, end } = range;
  const length = Math.min(to + MAX_CHUNK, end) - from;
  if (readFully(fd, buffer, 0, length, from) !== length) return false;
  const runs = runsOf(buffer, length, from + length === end);
  const limit = to - from;
  const trial = range.first ? [] : cuts(sink, buffer, runs, 0, limit, []);
  const given = range.first ? from : startOf();
  if (given === undefined) return false;
  const start = given - from;
  const ends = cuts(sink, buffer, runs, start, limit, trial);
  tellEnd(from + (ends.at(-1) ?? start));

  let position = start;
  let at = 0;
  for (const next of ends) {
    while (runs[at]!.end <= position) at++;
    if (runs[at]!.hole) content.hole(next - position);
    else content.chunk(sink.chunk(buffer.subarray(position, next)), next - position);
    position = next;
  }
  return true;
}

/**
 * Where the pieces end that start in [start, limit). As soon as one ends where one of `known` does, the rest of those is taken.
 *
 * @param known ascending
 */
function cuts(
  { cutTables }: ChunkSink,
  buffer: Uint8Array,
  runs: readonly Run[],
  start: number,
  limit: number,
  known: readonly number[],
): readonly number[] {
  const ends: number[] = [];
  let at = 0;
  let next = 0;
  for (let position = start; position < limit;) {
    while (runs[at]!.end <= position) at++;
    const run = runs[at]!;
    // A hole that goes on after the range is the next one's from there on.
    position = run.hole ? Math.min(run.end, limit) : nextCut(cutTables, buffer, position, run.end, run.final);
    ends.push(position);
    while (next < known.length && known[next]! < position) next++;
    if (known[next] === position) return [...ends, ...known.slice(next + 1)];
  }
  return ends;
}

/** @param ends whether the data ends where the bytes do */
function runsOf(buffer: Uint8Array, length: number, ends: boolean): Run[] {
  const runs: Run[] = [];
  let start = 0;
  let hole = false;
  const close = (end: number, final: boolean) => {
    if (end > start) runs.push({ hole, start, end, final });
    start = end;
  };
  for (let page = 0; page < length; page += PAGE) {
    const isHole = length - page >= PAGE && isZeroPage(buffer, page);
    if (isHole !== hole) {
      close(page, true);
      hole = isHole;
    }
  }
  close(length, ends);
  return runs;
}
