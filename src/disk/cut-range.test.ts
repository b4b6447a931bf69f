import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { concatBytes, toHex } from '../base/index.ts';
import { PAGE } from '../chunk/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { noise } from '../testing/odd-tree.ts';
import { unpackExtents } from '../tree/index.ts';
import { cutBuffer, cutFile } from './cut-file.ts';
import { cutRange, rangeBuffer } from './cut-range.ts';
import { ExtentList } from './extent-list.ts';
import type { HoleMap } from './hole-map.ts';
import { Ranges, rangesOf } from './ranges.ts';
import { scratch } from './scratch.fixture.ts';

const content = new MemoryContent();
const buffer = rangeBuffer();

const told = (packed: Uint8Array) =>
  [...unpackExtents(packed)].map(
    ({ chunk, length }) => `${chunk === undefined ? 'hole' : toHex(chunk)} ${length}`,
  );

function whole(fd: number, size: number): string[] {
  const parts = cutFile(fd, size, content.sink, cutBuffer(), []);
  for (;;) {
    const part = parts.next();
    if (part.done === true) return told(part.value!.extents);
  }
}

/** In ranges, each of which hears of the one before, and the extents put together. */
function inRanges(fd: number, size: number, most: number, holes: HoleMap): string[] {
  const ranges = Ranges.of(rangesOf(size, holes, most));
  const list = new ExtentList();
  let position = 0;
  for (let left = ranges.count; left > 0; left--) {
    const number = ranges.take();
    const range = ranges.at(number);
    const own = new ExtentList();
    const done = cutRange(
      fd,
      range,
      content.sink,
      buffer,
      own,
      () => ranges.wait(number),
      (end) => ranges.tell(number + 1, end),
    );
    expect(done).toBe(true);
    if (range.from > position) list.hole(range.from - position);
    position = Math.max(position, range.from) + list.append(own.take());
  }
  if (position < size) list.hole(size - position);
  return told(list.take());
}

/** Pieces that a file may be made of: noise, zeros, bytes that repeat and have no candidates, text. */
const piece = fc.record({
  kind: fc.constantFrom('noise', 'zero', 'period', 'text'),
  length: fc.oneof(fc.nat(3000), fc.constantFrom(PAGE, 3 * PAGE, PAGE - 1, PAGE + 1), fc.nat(1_500_000)),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
});

type Piece = typeof piece extends fc.Arbitrary<infer Value> ? Value : never;

function bytesOf({ kind, length, seed }: Piece): Uint8Array {
  if (kind === 'noise') return noise(length, seed);
  if (kind === 'zero') return new Uint8Array(length);
  const line =
    kind === 'period' ? [seed & 0xff, 7] : [...Buffer.from(`line ${seed} of a text that repeats\n`)];
  return Uint8Array.from({ length }, (_, at) => line[at % line.length]!);
}

describe('ranges of a file', () => {
  it('[K30] cut apart have exactly the chunks of the whole', () => {
    const path = join(scratch(), 'file');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), fc.constantFrom(1, 4, 5, 16), (pieces, pages) => {
        const bytes = concatBytes(pieces.map(bytesOf));
        writeFileSync(path, bytes);
        const fd = openSync(path, 'r');
        try {
          // What a file system might say of holes: any that are there.
          const holes: [number, number][] = [];
          for (let page = 0; page + PAGE <= bytes.length; page += PAGE)
            if (page % (3 * PAGE) === 0 && bytes.subarray(page, page + PAGE).every((byte) => byte === 0))
              holes.push([page, page + PAGE]);
          const expected = whole(fd, bytes.length);
          expect(inRanges(fd, bytes.length, pages * PAGE, [])).toEqual(expected);
          expect(inRanges(fd, bytes.length, pages * PAGE, holes)).toEqual(expected);
        } finally {
          closeSync(fd);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('[K30] of a file that ends too early are no content', () => {
    const path = join(scratch(), 'file');
    writeFileSync(path, noise(3 * PAGE, 1));
    const fd = openSync(path, 'r');
    try {
      const ranges = rangesOf(4 * PAGE, [], 2 * PAGE);
      const cut = (number: number, start: number | undefined) =>
        cutRange(
          fd,
          ranges[number]!,
          content.sink,
          buffer,
          new ExtentList(),
          () => start,
          () => {},
        );
      expect(cut(0, undefined)).toBe(false);
      expect(cut(1, 2 * PAGE)).toBe(false);
    } finally {
      closeSync(fd);
    }
  });

  it('[K30] are each taken once, in order, whoever takes them', () => {
    const ranges = Ranges.of(rangesOf(9 * PAGE, [[4 * PAGE, 5 * PAGE]], 2 * PAGE));
    const other = new Ranges(ranges.share);
    const taken = [ranges.take(), other.take(), other.take(), ranges.take()];
    expect(taken.map((number) => other.at(number))).toEqual([
      { from: 0, to: 2 * PAGE, end: 4 * PAGE, first: true },
      { from: 2 * PAGE, to: 4 * PAGE, end: 4 * PAGE, first: false },
      { from: 5 * PAGE, to: 7 * PAGE, end: 9 * PAGE, first: true },
      { from: 7 * PAGE, to: 9 * PAGE, end: 9 * PAGE, first: false },
    ]);
    expect(taken.map((number) => other.isDecided(number))).toEqual([true, false, true, false]);
  });

  it('[K30] after one that was given up are given up', () => {
    const ranges = Ranges.of(rangesOf(4 * PAGE, [], 2 * PAGE));
    ranges.giveUp(1);
    expect(new Ranges(ranges.share).wait(1)).toBeUndefined();
  });
});
