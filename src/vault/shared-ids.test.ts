import { describe, expect, it } from 'vitest';

import { Threads } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { noise } from '../testing/noise.ts';
import { ChunkIndex } from './chunk-index.ts';
import type { PackId } from './names.ts';
import type { ThreadAnswer, ThreadData, ThreadOrder } from './shared-ids.fixture.ts';
import { SharedIds } from './shared-ids.ts';

const MODULE = new URL('./shared-ids.fixture.ts', import.meta.url);
const COUNT = 200_000;
const THREADS = 3;

/** Every sixteenth id shares with the one before the bytes that choose its slot. */
function idsIn(shared: SharedArrayBuffer): Uint8Array {
  const ids = new Uint8Array(shared);
  ids.set(noise('shared ids', ids.length));
  for (let at = 32 * 16; at < ids.length; at += 32 * 16) ids.copyWithin(at, at - 32, at - 28);
  return ids;
}

/** All threads claim all ids at once, each beginning where `first` says. */
async function race(data: ThreadData, first: (thread: number) => number): Promise<readonly ThreadAnswer[]> {
  const answers: ThreadAnswer[] = [];
  const ended = Promise.withResolvers<void>();
  await using threads = new Threads<ThreadOrder, ThreadAnswer>(MODULE, {
    count: data.count,
    data,
    onAnswer: (answer) => void (answers.push(answer) === data.count && ended.resolve()),
    onFailure: ended.reject,
  });
  for (let thread = 0; thread < data.count; thread++) threads.post(thread, first(thread));
  await ended.promise;
  return answers;
}

function dataOf(set: SharedIds, index = new ChunkIndex()): ThreadData & { readonly bytes: Uint8Array } {
  const ids = new SharedArrayBuffer(COUNT * 32);
  const barrier = new SharedArrayBuffer(4);
  return { count: THREADS, barrier, ids, set: set.share, index: index.share(), bytes: idsIn(ids) };
}

describe('ids that threads share', () => {
  for (const [what, first] of [
    ['all in one order', () => 0],
    ['each from another place', (thread: number) => Math.floor((COUNT / THREADS) * thread)],
  ] as const)
    it(`[V51] exactly one thread wins each, ${what}`, async () => {
      const set = new SharedIds();
      const data = dataOf(set);
      const answers = await race(data, first);
      const wrong = Array.from(
        { length: COUNT },
        (_, at) => answers.filter(({ won }) => won[at] === 1).length,
      ).filter((winners) => winners !== 1);
      expect(wrong).toEqual([]);
      // And nobody after them.
      for (let at = 0; at < COUNT; at++) if (set.claim(data.bytes, at * 32)) throw new Error(`id ${at}`);
    });

  it('[V51] threads that meet a full set forget, and never take a new id for a known one', async () => {
    const most = 2 ** 14;
    const set = new SharedIds(undefined, most);
    const answers = await race(dataOf(set), () => 0);
    const winners = Array.from(
      { length: COUNT },
      (_, at) => answers.filter(({ won }) => won[at] === 1).length,
    );
    expect(winners.filter((count) => count === 0)).toEqual([]);
    // Each thread may hold a number that it lost the use of.
    expect(winners.filter((count) => count === 1).length).toBeGreaterThanOrEqual(most - THREADS);
    expect(winners.slice(-1000)).toEqual(Array.from({ length: 1000 }, () => THREADS));
  });

  it('[V51] an id is known to whoever claims it again, wherever it stands', () => {
    const set = new SharedIds(undefined, 4);
    const bytes = noise('wherever', 200);
    expect([set.claim(bytes, 3), set.claim(bytes, 50)]).toEqual([true, true]);
    expect([set.claim(bytes, 3), set.claim(bytes.slice(50), 0), set.claim(bytes, 4)]).toEqual([
      false,
      false,
      true,
    ]);
    const other = new SharedIds(set.share);
    expect([other.claim(bytes, 50), other.claim(bytes, 100), set.claim(bytes, 100)]).toEqual([
      false,
      true,
      false,
    ]);
    // Full: whatever it does not have is new each time.
    expect([set.claim(bytes, 120), set.claim(bytes, 120), set.claim(bytes, 100)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('an index that threads share', () => {
  it('[V50] is seen as it is, also when it has grown', async () => {
    const index = new ChunkIndex();
    const { bytes } = dataOf(new SharedIds());
    const idAt = (at: number) => bytes.slice(at * 32, at * 32 + 32) as Sha256;
    const add = (from: number, to: number) => {
      const chunks = Array.from({ length: to - from }, (_, at) => ({ id: idAt(from + at), length: 1 }));
      const blocks = [{ offset: 128, frameLength: 100, plainLength: to - from, chunks }];
      index.addTable({ type: 'data', pack: noise(`${from}`, 16) as PackId, blocks });
    };
    add(0, 10_000);
    const before = index.share();
    add(10_000, 100_000);
    for (const { known } of await race(dataOf(new SharedIds(), index), () => 0)) {
      expect(known.indexOf(0)).toBe(100_000);
      expect(known.lastIndexOf(1)).toBe(99_999);
    }
    const data = dataOf(new SharedIds());
    for (const { known } of await race({ ...data, index: before }, () => 0)) {
      expect(known.subarray(0, 10_000).indexOf(0)).toBe(-1);
      expect(known.subarray(100_000).indexOf(1)).toBe(-1);
    }
  });
});
