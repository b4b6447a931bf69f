import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { RunShares } from './run-shares.ts';
import type { Run } from './runs.ts';

it('[K45] each run is written once, by whichever thread asks, and threads begin far apart', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1000), { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.infiniteStream(fc.nat(3)),
      (pieces, count, turns) => {
        const runs: Run[] = pieces.map((length) => ({ blocks: [], starts: [0, length] }));
        const shares = new RunShares(runs, count);
        const taken = new Set<Run>();
        const open = new Set(Array.from({ length: count }, (_, thread) => thread));
        const asked = new Set<number>();
        for (const turn of turns) {
          if (open.size === 0) break;
          const thread = turn % count;
          const run = shares.next(thread);
          if (run === undefined) open.delete(thread);
          else {
            expect(taken.has(run)).toBe(false);
            taken.add(run);
          }
          asked.add(thread);
          if (asked.size === count && taken.size === runs.length)
            open.forEach((each) => shares.next(each) ?? open.delete(each));
        }
        expect(taken.size).toBe(runs.length);
      },
    ),
  );
  const runs: Run[] = Array.from({ length: 10 }, () => ({ blocks: [], starts: [0, 5] }));
  const shares = new RunShares(runs, 2);
  expect([shares.next(0), shares.next(1)].map((run) => runs.indexOf(run!))).toEqual([0, 5]);
});
