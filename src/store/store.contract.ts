/** The suite that every store passes. */

import { describe, expect, it } from 'vitest';

import { isStrataError, utf8 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import type { Store } from './store.ts';

type Test = (store: Store) => Promise<void>;

const CASES = {
  '[S1] what was put comes back': async (store) => {
    for (const [at, parts] of [[], [''], ['one'], ['a', '', 'bc'], ['x'.repeat(3_000_000), 'y']].entries()) {
      const name = `tenants/${at}`;
      expect(await store.put(name, sealed(...parts))).toBe('created');
      expect(text(await store.get(name))).toBe(parts.join(''));
      expect(await store.size(name)).toBe(parts.join('').length);
    }
  },

  '[S1] parts may come one after another': async (store) => {
    async function* body(): AsyncIterable<Sealed> {
      yield* sealed('first ');
      await Promise.resolve();
      yield* sealed('second');
    }
    expect(await store.put('a', body())).toBe('created');
    expect(text(await store.get('a'))).toBe('first second');
  },

  '[S2] a name is created once, and the body is read all the same': async (store) => {
    await store.put('a/b', sealed('first'));
    let read = 0;
    function* body(): Iterable<Sealed> {
      yield* sealed('second');
      read++;
    }
    expect(await store.put('a/b', body())).toBe('exists');
    expect(read).toBe(1);
    expect(text(await store.get('a/b'))).toBe('first');
  },

  '[S3] one of many puts at a time creates': async (store) => {
    const texts = Array.from({ length: 10 }, (_, at) => `body ${at}`);
    const answers = await Promise.all(texts.map((each) => store.put('heads/1', sealed(each))));
    expect(answers.filter((answer) => answer === 'created')).toHaveLength(1);
    expect(text(await store.get('heads/1'))).toBe(texts[answers.indexOf('created')]);
  },

  '[S4] a range gives exactly its bytes': async (store) => {
    await store.put('a', sealed('0123456789'));
    const range = async (offset: number, length: number) =>
      text(await store.get('a', { range: { offset, length } }));
    expect(await range(0, 10)).toBe('0123456789');
    expect(await range(3, 4)).toBe('3456');
    expect(await range(9, 1)).toBe('9');
    expect(await range(4, 0)).toBe('');
    expect(await range(10, 0)).toBe('');
  },

  '[S30] what was got is the caller’s': async (store) => {
    await store.put('a', sealed('0123456789'));
    const got = await store.get('a');
    const slice = got.slice(2, 4);
    got.fill(0);
    // Who keeps it keeps nothing of the rest.
    expect(text(slice)).toBe('23');
    expect(slice.buffer.byteLength).toBe(2);
    // As when it is handed to a thread.
    if (got.buffer instanceof ArrayBuffer) got.buffer.transfer(0);
    expect(text(await store.get('a'))).toBe('0123456789');
  },

  '[S4] a range past the end is damage': async (store) => {
    await store.put('a', sealed('0123456789'));
    for (const [offset, length] of [
      [0, 11],
      [9, 2],
      [10, 1],
      [11, 0],
      [1e12, 1],
    ] as const)
      await expectCode('integrity', store.get('a', { range: { offset, length } }));
    for (const [offset, length] of [
      [-1, 2],
      [0, -1],
      [0.5, 1],
      [0, Number.NaN],
    ] as const)
      await expectCode('bad_input', store.get('a', { range: { offset, length } }));
  },

  '[S4] an object that is too long is damage': async (store) => {
    await store.put('a', sealed('0123456789'));
    expect(text(await store.get('a', { most: 10 }))).toBe('0123456789');
    await expectCode('integrity', store.get('a', { most: 9 }));
  },

  '[S5] what is not there': async (store) => {
    await store.put('a/b', sealed('x'));
    for (const name of ['b', 'a/c', 'a/b/c', 'c/d/e']) {
      await expectCode('not_found', store.get(name));
      expect(await store.size(name)).toBeUndefined();
      await store.delete(name);
    }
    expect(await names(store)).toEqual(['a/b']);
  },

  '[S5] what was deleted is not there, and may be deleted again': async (store) => {
    await store.put('a/b', sealed('x'));
    await store.delete('a/b');
    await store.delete('a/b');
    await expectCode('not_found', store.get('a/b'));
    expect(await store.size('a/b')).toBeUndefined();
    expect(await names(store)).toEqual([]);
  },

  '[S6] a listing is sorted, and each name is in it once': async (store) => {
    const all = ['10', '9', 'a0', 'a/1', 'a/0/z', 'a/00', 'z', 'b/b/b/b/b/b/b/b', 'a1/x', '0000000001'];
    for (const name of all) await store.put(name, sealed(name));
    expect(await names(store)).toEqual([...all].sort());
    expect(await names(store, 'a/')).toEqual(['a/0/z', 'a/00', 'a/1']);
    expect(await names(store, 'a/0/')).toEqual(['a/0/z']);
    expect(await names(store, 'b/b/b/b/b/b/b/')).toEqual(['b/b/b/b/b/b/b/b']);
    expect(await names(store, 'nothing/')).toEqual([]);
    for await (const object of store.list('')) expect(object.size).toBe(object.name.length);
  },

  '[S6] a listing of many': async (store) => {
    const all = Array.from({ length: 1500 }, (_, at) => `many/${String((at * 7) % 1500).padStart(4, '0')}`);
    for (let at = 0; at < all.length; at += 100)
      await Promise.all(all.slice(at, at + 100).map((name) => store.put(name, sealed('x'))));
    expect(await names(store, 'many/')).toEqual([...all].sort());
  },

  '[S31] a listing goes on after a name, whether or not there is such an object': async (store) => {
    for (const name of ['a/1', 'a/2/x', 'a/3', 'b']) await store.put(name, sealed('x'));
    const after = async (prefix: string, name: string) =>
      (await collect(store.list(prefix, { after: name }))).map((object) => object.name);
    expect(await after('', 'a/1')).toEqual(['a/2/x', 'a/3', 'b']);
    expect(await after('a/', 'a/2/w')).toEqual(['a/2/x', 'a/3']);
    expect(await after('a/', 'a/2/x')).toEqual(['a/3']);
    expect(await after('a/', 'a/3')).toEqual([]);
    expect(await after('a/', '0')).toEqual(['a/1', 'a/2/x', 'a/3']);
    expect(await after('', 'z')).toEqual([]);
  },

  '[S8] what is cancelled while it waits ends soon': async (store) => {
    await store.put('a', sealed('x'.repeat(1_000_000)));
    for (const call of [
      (signal: AbortSignal) => store.get('a', { signal }),
      (signal: AbortSignal) => store.put('b', sealed('x'.repeat(1_000_000)), { signal }),
      (signal: AbortSignal) => names(store, '', signal),
    ]) {
      const controller = new AbortController();
      const ended = call(controller.signal).then(
        () => 'done',
        (error: unknown) => (isStrataError(error, 'cancelled') ? 'cancelled' : error),
      );
      controller.abort();
      expect(['done', 'cancelled']).toContain(await ended);
    }
    // The one that was cancelled may be there or not; what is there is whole.
    expect((await store.size('b')) ?? 1_000_000).toBe(1_000_000);
  },

  '[S7] names outside the grammar are refused': async (store) => {
    for (const name of BAD_NAMES) {
      await expectCode('bad_input', store.put(name, sealed('x')));
      await expectCode('bad_input', store.get(name));
      await expectCode('bad_input', store.size(name));
      await expectCode('bad_input', store.delete(name));
      if (name !== '') await expectCode('bad_input', names(store, `${name}/`));
    }
    await expectCode('bad_input', names(store, 'a'));
    await expectCode('bad_input', names(store, '/'));
    expect(await names(store)).toEqual([]);
  },

  '[S8] a cancelled put leaves nothing': async (store) => {
    const controller = new AbortController();
    function* body(): Iterable<Sealed> {
      yield* sealed('half');
      controller.abort();
      yield* sealed('rest');
    }
    await expectCode('cancelled', store.put('a', body(), { signal: controller.signal }));
    await expectCode('cancelled', store.put('a', sealed('x'), { signal: controller.signal }));
    expect(await names(store)).toEqual([]);
    expect(await store.put('a', sealed('whole'))).toBe('created');
    await expectCode('cancelled', store.get('a', { signal: controller.signal }));
    await expectCode('cancelled', names(store, '', controller.signal));
  },

  '[S8] a body that throws leaves nothing, and its error comes through': async (store) => {
    const failure = new Error('the source broke');
    function* body(): Iterable<Sealed> {
      yield* sealed('half');
      throw failure;
    }
    await expect(store.put('a', body())).rejects.toBe(failure);
    expect(await names(store)).toEqual([]);
    expect(await store.put('a', sealed('whole'))).toBe('created');
  },

  '[S9] buffers may be reused': async (store) => {
    const buffer = utf8('....') as Sealed;
    function* body(): Iterable<Sealed> {
      for (const letter of 'abc') yield buffer.fill(letter.charCodeAt(0)) as Sealed;
    }
    await store.put('a', body());
    buffer.fill(0);
    (await store.get('a')).fill(0);
    expect(text(await store.get('a'))).toBe('aaaabbbbcccc');
  },
} as const satisfies Record<string, Test>;

const BAD_NAMES = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  'a/../b',
  '../a',
  '.tmp',
  '.tmp/a',
  'A',
  'a-b',
  'a.b',
  'é',
  'a\0',
  'a\n',
  'a b',
  'a'.repeat(65),
  'a/'.repeat(8) + 'a',
];

export type StoreCase = keyof typeof CASES;

/**
 * @param open gives an empty store, another one each time
 * @param cannot cases that the implementation cannot pass, each with the reason
 */
export function storeContract(
  name: string,
  open: () => Promise<Store>,
  cannot: Partial<Record<StoreCase, string>> = {},
): void {
  describe(`${name} as a store`, () => {
    for (const title of Object.keys(CASES) as StoreCase[]) {
      const reason = cannot[title];
      if (reason === undefined) it(title, async () => CASES[title](await open()));
      else it.skip(`${title} (cannot: ${reason})`, () => {});
    }
  });
}

export function sealed(...parts: readonly string[]): Sealed[] {
  return parts.map((part) => utf8(part) as Sealed);
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

export async function names(store: Store, prefix = '', signal?: AbortSignal): Promise<string[]> {
  const found = await collect(store.list(prefix, { signal }));
  return found.map((object) => object.name);
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
