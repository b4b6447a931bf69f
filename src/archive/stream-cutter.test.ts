import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { PAGE, nextCut } from '../chunk/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { noise } from '../testing/odd-tree.ts';
import { ContentBuilder, extentPages, unpackExtents } from '../tree/index.ts';
import type { BuiltContent } from '../tree/index.ts';
import { StreamCutter } from './stream-cutter.ts';

const content = new MemoryContent();
const cutter = new StreamCutter(content.sink);

/** docs/design.md 2 to the letter, on a file that is in memory as a whole. */
function cutWhole(file: Uint8Array): BuiltContent {
  const builder = new ContentBuilder(content.sink);
  const isHole = (page: number) =>
    page + PAGE <= file.length && file.subarray(page, page + PAGE).every((byte) => byte === 0);
  for (let at = 0; at < file.length;) {
    if (isHole(at)) {
      builder.hole(PAGE);
      at += PAGE;
      continue;
    }
    let end = at;
    while (end < file.length && !isHole(end)) end = Math.min(end + PAGE, file.length);
    const run = file.slice(at, end);
    for (let start = 0; start < run.length;) {
      const next = nextCut(content.sink.cutTables, run, start, run.length, true);
      builder.chunk(content.sink.chunk(run.subarray(start, next)), next - start);
      start = next;
    }
    at = end;
  }
  return builder.finish();
}

async function told(built: BuiltContent): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of extentPages(content.source, built))
    for (const { chunk, length } of unpackExtents(page))
      lines.push(`${chunk === undefined ? 'hole' : toHex(chunk)} ${length}`);
  return lines;
}

/** What a file is made of: pieces of noise and of zeros. */
const files = fc
  .array(
    fc.tuple(
      fc.boolean(),
      fc.oneof(fc.nat(3000), fc.nat(400_000), fc.constantFrom(PAGE, 2 * PAGE, 16 * 1024)),
    ),
    { maxLength: 6 },
  )
  .map((pieces) =>
    Buffer.concat(pieces.map(([zero, length], at) => (zero ? Buffer.alloc(length) : noise(length, at + 1)))),
  );

it('[A5] a stream is cut as the file would be, whatever the portions', async () => {
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1 }),
      async (file, lengths) => {
        for (let at = 0, turn = 0; at < file.length; turn++) {
          const length = lengths[turn % lengths.length]!;
          cutter.write(file.subarray(at, at + length));
          at += length;
        }
        expect(await told(cutter.finish())).toEqual(await told(cutWhole(file)));
      },
    ),
    { numRuns: 60 },
  );
});

it('[A5] also a long one', async () => {
  const file = Buffer.concat([
    noise(5_000_000),
    Buffer.alloc(PAGE * 3),
    noise(1_500_000, 5),
    Buffer.alloc(100),
  ]);
  for (let at = 0; at < file.length; at += 65_536) cutter.write(file.subarray(at, at + 65_536));
  const lines = await told(cutter.finish());
  expect(lines).toEqual(await told(cutWhole(file)));
  expect(lines.filter((line) => line.startsWith('hole'))).toHaveLength(1);
});
