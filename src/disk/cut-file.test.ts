import { closeSync, ftruncateSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { concatBytes, toHex } from '../base/index.ts';
import { PAGE, nextCut } from '../chunk/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { describeWith } from '../testing/need.ts';
import { noise } from '../testing/odd-tree.ts';
import { extentPages, unpackExtents } from '../tree/index.ts';
import type { BuiltContent, Extent } from '../tree/index.ts';
import { cutBuffer, cutFile } from './cut-file.ts';
import { holeMap, holesBetween } from './hole-map.ts';
import type { HoleMap } from './hole-map.ts';
import { scratch } from './scratch.fixture.ts';

const buffer = cutBuffer();

function cut(content: MemoryContent, path: string, size: number, holes?: HoleMap): BuiltContent | undefined {
  const fd = openSync(path, 'r');
  try {
    const parts = cutFile(fd, size, content.sink, buffer, holes);
    for (;;) {
      const part = parts.next();
      if (part.done === true) return part.value;
    }
  } finally {
    closeSync(fd);
  }
}

/** As lines, to compare. */
const told = (all: readonly Extent[]) =>
  all.map(({ chunk, length }) => `${chunk === undefined ? 'hole' : toHex(chunk)} ${length}`);

async function extents(content: MemoryContent, built: BuiltContent): Promise<Extent[]> {
  const all: Extent[] = [];
  for await (const page of extentPages(content.source, built)) all.push(...unpackExtents(page));
  return all;
}

/** Cuts as docs/design.md 2 says it, with everything in memory. */
function naive(content: MemoryContent, bytes: Uint8Array): Extent[] {
  const all: Extent[] = [];
  let run = 0;
  const endRun = (end: number) => {
    for (let start = run; start < end;) {
      const next = nextCut(content.sink.cutTables, bytes, start, end, true);
      all.push({ chunk: content.sink.chunk(bytes.subarray(start, next)), length: next - start });
      start = next;
    }
  };
  for (let page = 0; page + PAGE <= bytes.length; page += PAGE) {
    if (bytes.subarray(page, page + PAGE).some((byte) => byte !== 0)) continue;
    endRun(page);
    run = page + PAGE;
    const last = all.at(-1);
    if (last !== undefined && last.chunk === undefined)
      all[all.length - 1] = { chunk: undefined, length: last.length + PAGE };
    else all.push({ chunk: undefined, length: PAGE });
  }
  endRun(bytes.length);
  return all;
}

it('[K2] a file is cut as the format says, however it is read', async () => {
  const path = join(scratch(), 'file');
  const piece = fc.record({
    length: fc.oneof(
      fc.nat(3000),
      fc.constantFrom(PAGE, 3 * PAGE, PAGE - 1, PAGE + 1, 2_000_000),
      fc.nat(5_000_000),
    ),
    zero: fc.boolean(),
    seed: fc.integer({ min: 1, max: 1_000_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
      const bytes = concatBytes(
        pieces.map(({ length, zero, seed }) => (zero ? new Uint8Array(length) : noise(length, seed))),
      );
      writeFileSync(path, bytes);
      const content = new MemoryContent();
      const built = cut(content, path, bytes.length);
      expect(built?.size).toBe(bytes.length);
      expect(told(await extents(content, built!))).toEqual(told(naive(content, bytes)));
    }),
    { numRuns: 15 },
  );
});

it('[K8] a file of another length is not taken', () => {
  const path = join(scratch(), 'file');
  writeFileSync(path, noise(100_000));
  const content = new MemoryContent();
  for (const size of [0, 10, 100_001, 10_000_000]) expect(cut(content, path, size)).toBeUndefined();
});

it('[K2] a map of holes has whole pages only', () => {
  expect(holesBetween('', 10 * PAGE + 5)).toEqual([[0, 10 * PAGE]]);
  expect(holesBetween(`0 4096\n${5 * PAGE - 1} ${5 * PAGE}\n`, 9 * PAGE)).toEqual([
    [PAGE, 4 * PAGE],
    [5 * PAGE, 9 * PAGE],
  ]);
  for (const wrong of ['5', 'a b', '10 5', '-1 5', '0 10\n5 20', '1e99 2e99', '0 1\nperl: warning'])
    expect(holesBetween(wrong, 9 * PAGE)).toEqual([]);
});

describeWith(['python3'], 'the map of a sparse file', () => {
  it('[K2] changes nothing but the reading', async () => {
    const path = join(scratch(), 'sparse');
    const fd = openSync(path, 'w+');
    const size = 80 * 1024 * 1024 + 77;
    ftruncateSync(fd, size);
    for (const [at, length] of [
      [0, 10],
      [3 * PAGE - 5, 10],
      [20_000_001, 300_000],
      [size - 3, 3],
    ] as const)
      writeSync(fd, noise(length), 0, length, at);
    // Zeros that are stored are no hole of the file system's, but one of ours.
    writeSync(fd, Buffer.alloc(5 * PAGE), 0, 5 * PAGE, 40 * 1024 * 1024);
    const holes = holeMap(fd, size);
    closeSync(fd);
    expect(holes.length).toBeGreaterThanOrEqual(3);
    const [withMap, without] = [new MemoryContent(), new MemoryContent()];
    const built = cut(withMap, path, size, holes);
    expect(built).toEqual(cut(without, path, size, []));
    expect([...withMap.chunks.keys()]).toEqual([...without.chunks.keys()]);
  });
});
