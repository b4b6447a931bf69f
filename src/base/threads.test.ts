import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { Threads } from './index.ts';
import type { StrataError } from './index.ts';

const MODULE = new URL('./threads.fixture.ts', import.meta.url);

type Answer = readonly [number, Uint8Array];

/** Posts orders to one thread, and waits for so many answers or a failure. */
async function talk(
  orders: readonly object[],
  count: number,
): Promise<{ answers: Answer[]; error?: StrataError }> {
  const answers: Answer[] = [];
  const ended = Promise.withResolvers<StrataError | undefined>();
  await using threads = new Threads<object, Answer>(MODULE, {
    count: 1,
    data: 7,
    onAnswer: (answer) => void (answers.push(answer) === count && ended.resolve(undefined)),
    onFailure: ended.resolve,
  });
  for (const order of orders) threads.post(0, order);
  const error = await ended.promise;
  return error === undefined ? { answers } : { answers, error };
}

describe('threads', () => {
  it('[B11] work in order', async () => {
    const order = (value: number, wait: number) => ({ kind: 'double', numbers: Uint8Array.of(value), wait });
    const { answers } = await talk([order(1, 30), order(2, 0), order(3, 10)], 3);
    expect(answers.map(([data, [value]]) => [data, value])).toEqual([
      [7, 2],
      [7, 4],
      [7, 6],
    ]);
  });

  it('[B11] take over memory', async () => {
    const answered = Promise.withResolvers<Answer>();
    await using threads = new Threads<object, Answer>(MODULE, {
      count: 2,
      data: 0,
      onAnswer: (answer, thread) => {
        expect(thread).toBe(1);
        answered.resolve(answer);
      },
      onFailure: answered.reject,
    });
    const numbers = Uint8Array.of(1, 2, 3);
    threads.post(1, { kind: 'double', numbers, wait: 0 }, [numbers.buffer]);
    expect(numbers.length).toBe(0);
    expect([...(await answered.promise)[1]]).toEqual([2, 4, 6]);
  });

  it('[B12] that throw end with that error', async () => {
    const last = { kind: 'double', numbers: Uint8Array.of(1), wait: 0 };
    const refused = await talk([{ kind: 'refuse' }, last], 1);
    expect(refused.answers).toEqual([]);
    expect(refused.error).toMatchObject({
      code: 'disk_full',
      message: 'no room',
      hint: 'make some',
      details: { path: 'a' },
    });
    const { error } = await talk([{ kind: 'throw' }], 1);
    expect(error).toMatchObject({ code: 'internal', message: 'a mistake' });
    expect((error!.cause as Error).stack).toContain('threads.fixture');
  });

  it.each([
    ['the order is over', 300, 1],
    ['the order takes too long', 3_600_000, 0],
  ])('[B11] end when %s, and begin no other', async (_, milliseconds, done) => {
    const begun = new Int32Array(new SharedArrayBuffer(8));
    {
      await using threads = new Threads(MODULE, {
        count: 1,
        data: 0,
        onAnswer: () => expect.unreachable(),
        onFailure: (error) => expect.unreachable(error.message),
      });
      for (let order = 0; order < 3; order++) threads.post(0, { kind: 'block', begun, milliseconds });
      while (Atomics.load(begun, 0) === 0) await setTimeout(1);
    }
    expect([...begun]).toEqual([1, done]);
  });

  it('[B11] end also where they have not begun', async () => {
    for (let count = 0; count < 8; count++) {
      await using threads = new Threads(MODULE, {
        count: 2,
        data: 0,
        onAnswer: () => expect.unreachable(),
        onFailure: (error) => expect.unreachable(error.message),
      });
      await setTimeout(count * 8);
      expect(threads.count).toBe(2);
    }
  });

  it('[B12] that die are an error', async () => {
    const { error } = await talk([{ kind: 'die' }], 1);
    expect(error).toMatchObject({ code: 'internal' });
  });
});
