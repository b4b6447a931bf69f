import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ReadShares } from './read-shares.ts';
import type { Read } from './reads.ts';

it('[K45] each read is written once, by whichever thread asks, and threads begin far apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(3)),
      (pieces, count, turns) => {
        const reads = pieces.map((length) => readOf(length));
        const shares = new ReadShares(reads, count);
        const taken = new Set<Read>();
        const open = new Set(Array.from({ length: count }, (_, thread) => thread));
        const asked = new Set<number>();
        for (const turn of turns) {
          if (open.size === 0) break;
          const thread = turn % count;
          const read = shares.next(thread);
          if (read === undefined) open.delete(thread);
          else {
            expect(taken.has(read)).toBe(false);
            taken.add(read);
          }
          asked.add(thread);
          if (asked.size === count && taken.size === reads.length)
            open.forEach((each) => shares.next(each) ?? open.delete(each));
        }
        expect(taken.size).toBe(reads.length);
      },
    ),
  );
  const reads = Array.from({ length: 10 }, () => readOf(5));
  const shares = new ReadShares(reads, 2);
  expect([shares.next(0), shares.next(1)].map((read) => reads.indexOf(read!))).toEqual([0, 5]);
});

function readOf(pieces: number): Read {
  return { runs: [{ blocks: [], starts: [0, pieces] }], bytes: 0 };
}
