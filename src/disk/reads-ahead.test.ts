import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { giveWay } from '../base/index.ts';
import type { SealedBlocks } from '../vault/index.ts';
import { ReadShares } from './read-shares.ts';
import { ReadsAhead } from './reads-ahead.ts';
import type { AheadOptions, Part } from './reads-ahead.ts';
import type { Read } from './reads.ts';
import type { Run } from './runs.ts';

/** Of as many runs as there are numbers: the bytes that each needs. */
function readOf(lengths: readonly number[]): Read {
  const runs: Run[] = lengths.map(() => ({ blocks: [], starts: [0, 1] }));
  return { runs, bytes: lengths.reduce((sum, length) => sum + length, 0) };
}

/** Comes at once. */
const quick = (lengths: ReadonlyMap<Read, readonly number[]>) => async (read: Read) =>
  lengths.get(read)!.map((length) => ({ bytes: new Uint8Array(length) }) as SealedBlocks);

function quickly(all: readonly (readonly number[])[], options: Omit<AheadOptions, 'fetch'>) {
  const lengths = new Map(all.map((each) => [readOf(each), each]));
  const asked: Read[] = [];
  const fetch = quick(lengths);
  const ahead = new ReadsAhead(new ReadShares([...lengths.keys()], options.writers, false), {
    ...options,
    fetch: (read) => {
      asked.push(read);
      return fetch(read);
    },
  });
  return { ahead, asked, reads: [...lengths.keys()] };
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await giveWay(undefined);
}

describe('what is fetched ahead', () => {
  it('[K53] is never more than it may be, however slow the writers are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.infiniteStream(fc.nat(1000)),
        async (all, writers, each, most, chance) => {
          const { ahead, asked, reads } = quickly(all, { writers, each, most });
          const largest = Math.max(0, ...reads.map(({ bytes }) => bytes));
          const taken: Part[] = [];
          const unwritten = new Map(reads.map((read) => [read, read.runs.length]));
          let done = 0;
          const write = async (writer: number): Promise<void> => {
            for (let part = await ahead.take(writer); part !== undefined; part = await ahead.take(writer)) {
              taken.push(part);
              // Others are quicker, now and then.
              for (let turn = chance.next().value % 4; turn > 0; turn--) await giveWay(undefined);
              const begun = asked.reduce((sum, { bytes }) => sum + bytes, 0);
              expect(begun - done).toBeLessThanOrEqual(Math.max(most, largest));
              const open = asked.filter((read) => unwritten.get(read)! > 0);
              expect(open.length).toBeLessThanOrEqual(writers * each);
              done += part.bytes;
              const read = reads.find(({ runs }) => runs.includes(part!.run))!;
              unwritten.set(read, unwritten.get(read)! - 1);
              ahead.written(part);
            }
          };
          await Promise.all(Array.from({ length: writers * 2 }, (_, at) => write(at % writers)));
          expect(new Set(asked)).toEqual(new Set(reads));
          expect(asked).toHaveLength(reads.length);
          const runs = reads.flatMap((read) => read.runs);
          expect(new Set(taken.map(({ run }) => run)).size).toBe(runs.length);
          expect(taken).toHaveLength(runs.length);
        },
      ),
    );
  });

  it('[K53] waits as long as nothing is written, and goes on when something is', async () => {
    const { ahead, asked } = quickly(
      Array.from({ length: 10 }, () => [4, 6]),
      { writers: 1, each: 10, most: 35 },
    );
    await turns();
    expect(asked).toHaveLength(3);
    const first = await ahead.take(0);
    const second = await ahead.take(0);
    await turns();
    expect(asked).toHaveLength(3);
    ahead.written(second!);
    expect(asked).toHaveLength(4);
    ahead.written(first!);
    await turns();
    expect(asked).toHaveLength(4);
    ahead.end();
    expect(await ahead.take(0)).toBeUndefined();
  });

  it('[K53] may be one thing that is larger than all of it', async () => {
    const { ahead, asked } = quickly([[50], [60], [1]], { writers: 1, each: 9, most: 10 });
    for (let count = 1; count <= 3; count++) {
      const part = await ahead.take(0);
      expect(asked).toHaveLength(count);
      ahead.written(part!);
    }
    expect(await ahead.take(0)).toBeUndefined();
  });

  it('[K45] is taken over from its end by who has nothing left', async () => {
    const { ahead, reads } = quickly([[1, 1, 1, 1, 1, 1]], { writers: 2, each: 9, most: 100 });
    await turns();
    const [{ runs }] = reads as [Read];
    const [own, other] = [await ahead.take(0), await ahead.take(1)];
    expect([own!, other!].map(({ run }) => runs.indexOf(run))).toEqual([0, 5]);
  });

  it('[K46] ends for all when a fetch fails', async () => {
    const reads = [readOf([1]), readOf([1]), readOf([1])];
    const failed = new Error('the line is cut');
    let asked = 0;
    const fetch = async (): Promise<SealedBlocks[]> => {
      asked++;
      await giveWay(undefined);
      throw failed;
    };
    const ahead = new ReadsAhead(new ReadShares(reads, 2, false), { writers: 2, each: 9, most: 1, fetch });
    const outcomes = await Promise.allSettled([ahead.take(0), ahead.take(1), ahead.take(0)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(ahead.take(1)).rejects.toBe(failed);
    expect(asked).toBe(1);
  });
});
