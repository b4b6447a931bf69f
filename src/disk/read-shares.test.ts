import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import type { BlockPlace } from '../vault/index.ts';
import { ReadShares } from './read-shares.ts';
import type { Read } from './reads.ts';
import type { Run } from './runs.ts';

it('[K45] each read is written once, by whichever thread asks, and threads begin far apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(3)),
      (pieces, count, turns) => {
        const reads = pieces.map((length) => readOf(length));
        const shares = new ReadShares(reads, count, false);
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
  const shares = new ReadShares(reads, 2, false);
  expect([shares.next(0), shares.next(1)].map((read) => reads.indexOf(read!))).toEqual([0, 5]);
});

it('[K52] from far away each stretch begins with a single run, and everything comes once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 }),
      fc.integer({ min: 1, max: 4 }),
      (counts, threads) => {
        const runs: Run[] = [];
        const reads = counts.map((count) => {
          const own = Array.from({ length: count }, () => runOf(runs.length));
          runs.push(...own);
          return { runs: own, bytes: count };
        });
        const shares = new ReadShares(reads, threads, true);
        const firsts = Array.from({ length: threads }, (_, thread) => shares.next(thread));
        // Who begins with half of another's stretch may begin with more.
        expect(firsts[0]?.runs ?? []).toEqual(runs.slice(0, 1));
        const taken = firsts.filter((read) => read !== undefined);
        for (let thread = 0; thread < threads; thread++)
          for (let read = shares.next(thread); read !== undefined; read = shares.next(thread))
            taken.push(read);
        const all = taken.flatMap((read) => read.runs);
        expect(all).toHaveLength(runs.length);
        expect(new Set(all)).toEqual(new Set(runs));
      },
    ),
  );
  const reads = Array.from({ length: 4 }, (_, at) => ({
    runs: [runOf(2 * at), runOf(2 * at + 1)],
    bytes: 2,
  }));
  const shares = new ReadShares(reads, 2, true);
  const order = Array.from({ length: 6 }, (_, at) => shares.next(at % 2)!.runs);
  expect(order).toEqual([[runOf(0)], [runOf(4)], [runOf(1)], [runOf(5)], reads[1]!.runs, reads[3]!.runs]);
});

/** Told apart by the block that it has. */
function runOf(offset: number): Run {
  const pack = new Uint8Array(16) as BlockPlace['pack'];
  const block: BlockPlace = { type: 'data', pack, number: 0, offset, frameLength: 1, plainLength: 1 };
  return { blocks: [block], starts: [0, 1] };
}

function readOf(pieces: number): Read {
  return { runs: [{ blocks: [], starts: [0, pieces] }], bytes: 0 };
}
