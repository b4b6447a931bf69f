import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import type { BlockPlace } from '../vault/index.ts';
import { planReads } from './reads.ts';
import type { Run } from './runs.ts';

const MIB = 1024 * 1024;
const SPAN = 8 * MIB;
const GAP = 256 * 1024;

/** Runs of one pack one after another, each with what lies before it that nobody wants. */
function runsOf(pack: number, layout: readonly (readonly [gap: number, length: number])[]): Run[] {
  let end = 128;
  return layout.map(([gap, frameLength], number) => {
    const offset = end + gap;
    end = offset + frameLength;
    const id = new Uint8Array(16).fill(pack) as Uint8Array as BlockPlace['pack'];
    const block: BlockPlace = { type: 'data', pack: id, number, offset, frameLength, plainLength: 1 };
    return { blocks: [block], starts: [0, 1] };
  });
}

const wanted = (runs: readonly Run[]) =>
  runs.flatMap(({ blocks }) => blocks).reduce((sum, { frameLength }) => sum + frameLength, 0);

const layout = fc.array(
  fc.tuple(fc.oneof(fc.constant(0), fc.nat(2 * GAP), fc.nat(SPAN)), fc.integer({ min: 1, max: 2 * MIB })),
  { maxLength: 30 },
);

it('[K52] far away, what lies together in a pack is read together, and little between', () => {
  fc.assert(
    fc.property(layout, layout, (first, second) => {
      const runs = [...runsOf(1, first), ...runsOf(2, second), { blocks: [], starts: [0, 9] }];
      const reads = planReads(runs, true);
      // In their order, each once.
      expect(reads.flatMap((read) => read.runs)).toEqual(runs);
      for (const read of reads) {
        expect(read.bytes).toBeLessThan(SPAN + 2 * MIB);
        expect(read.bytes - wanted(read.runs)).toBeLessThanOrEqual(GAP * (read.runs.length - 1));
        expect(new Set(read.runs.map(({ blocks }) => blocks[0]?.pack.join())).size).toBe(1);
      }
      // None could have come with the one before it.
      for (const [at, { runs: after }] of reads.entries()) {
        const [before, block] = [reads[at - 1]?.runs.at(-1)?.blocks[0], after[0]!.blocks[0]];
        if (before === undefined || block === undefined || before.pack[0] !== block.pack[0]) continue;
        const gap = block.offset - before.offset - before.frameLength;
        expect(gap > GAP || Math.floor(block.offset / SPAN) > Math.floor(before.offset / SPAN)).toBe(true);
      }
    }),
  );
});

it('[K52] a whole pack is read by two requests, and each part of it by the same ones', () => {
  const whole = runsOf(
    1,
    Array.from({ length: 16 }, () => [0, MIB]),
  );
  expect(planReads(whole, true).map(({ runs }) => runs.length)).toEqual([8, 8]);
  const part = planReads(whole.slice(3, 12), true);
  expect(part.map(({ runs }) => runs.length)).toEqual([5, 4]);
});

it('[K52] here each run is read by itself', () => {
  const runs = runsOf(
    1,
    Array.from({ length: 16 }, () => [0, MIB]),
  );
  expect(planReads(runs, false)).toEqual(runs.map((run) => ({ runs: [run], bytes: MIB })));
});
