import { describe, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode, thrownBy } from '../testing/expect-code.ts';
import { noise, prose } from '../testing/noise.ts';
import { contents, failing, recording } from '../testing/stores.ts';
import { packId, packIdentity, parseName } from './names.ts';
import type { IntentId } from './names.ts';
import { VaultReader } from './reader.ts';
import { readTable } from './verify-pack.ts';
import { KEYRING, emptyIndex, indexOf, writerOver } from './writer.fixture.ts';
import type { Written } from './writer.ts';

const MIB = 1024 * 1024;

async function readBack(store: Store, written: Written, chunks: readonly Sha256[]): Promise<string[]> {
  const reader = new VaultReader({ store, keyring: KEYRING, index: await indexOf(store, written) });
  const hashes: string[] = [];
  for (const id of chunks) hashes.push(toHex(sha256(await reader.chunk(id))));
  return hashes;
}

const blocksOf = (written: Written) => written.tables.flatMap((table) => table.blocks);

describe('a writer', () => {
  it('[V11] gives back what it took, each chunk stored once', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    const chunks = [
      prose('a', 50_000),
      noise('b', 200_000),
      Uint8Array.of(1),
      new Uint8Array(0),
      prose('a', 50_000),
    ];
    const reused = new Uint8Array(200_000);
    const ids = chunks.map((bytes) => {
      reused.set(bytes);
      return writer.chunk(reused.subarray(0, bytes.length));
    });
    reused.fill(0);
    const node = writer.node(chunks[0]!);
    const written = await writer.finish();
    expect(ids.map(toHex)).toEqual(chunks.map((bytes) => toHex(sha256(bytes))));
    expect(await readBack(store, written, ids)).toEqual(ids.map(toHex));
    const reader = new VaultReader({ store, keyring: KEYRING, index: await indexOf(store, written) });
    expect(Buffer.compare(await reader.node(node), chunks[0]!)).toBe(0);
    expect(written.newBytes).toBe(250_001);
    expect(blocksOf(written).flatMap((block) => block.chunks)).toHaveLength(5);
    expect(written.storedBytes).toBe(
      [...(await contents(store)).values()].reduce((sum, { length }) => sum + length, 0),
    );
  });

  it('[V11] keeps a chunk without bytes, even the only one', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    const id = writer.chunk(new Uint8Array(0));
    expect(await readBack(store, await writer.finish(), [id])).toEqual([toHex(id)]);
  });

  it('[V11] stores nothing that an earlier save has stored', async () => {
    const store = openMemoryStore();
    const first = writerOver(store, 'first');
    const known = first.chunk(prose('a', 1000));
    const index = await indexOf(store, await first.finish());
    const second = writerOver(store, 'second', index);
    expect(toHex(second.chunk(prose('a', 1000)))).toBe(toHex(known));
    expect(await second.finish()).toEqual({ tables: [], newBytes: 0, storedBytes: 0 });
    const third = writerOver(store, 'third', index);
    third.chunk(prose('a', 1000));
    third.chunk(prose('b', 1000));
    expect((await third.finish()).newBytes).toBe(1000);
  });

  it('[V11] keeps file data and tree nodes in packs of their own', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    writer.chunk(utf8('same'));
    writer.node(utf8('same'));
    const { tables } = await writer.finish();
    expect(tables.map(({ type }) => type).sort()).toEqual(['data', 'tree']);
  });

  it('[V12] seals a block of short chunks at 2 MiB, of long ones at 4, of nodes at 1, and a chunk that is longer alone', async () => {
    const lengthsOf = async (chunks: readonly number[]) => {
      const store = openMemoryStore();
      const writer = writerOver(store);
      const ids = chunks.map((length, at) => writer.chunk(noise(`${at}`, length)));
      const written = await writer.finish();
      expect(await readBack(store, written, ids)).toEqual(ids.map(toHex));
      return blocksOf(written).map((block) => block.plainLength);
    };
    const times = (count: number, length: number) => Array.from({ length: count }, () => length);
    const both = 32 * 1024;
    expect(await lengthsOf([...times(80, 60_000), 5 * MIB, 5])).toEqual([
      69 * 60_000,
      11 * 60_000,
      5 * MIB,
      5,
    ]);
    expect(await lengthsOf(times(90, 30_000))).toEqual([69 * 30_000, 21 * 30_000]);
    expect(await lengthsOf(times(200, both))).toEqual([4 * MIB, 72 * both]);
    // What was long when it began ends where it no longer is.
    expect(await lengthsOf([...times(80, both), ...times(3, 9)])).toEqual([80 * both + 9, 18]);
    const nodes = writerOver(openMemoryStore());
    for (let at = 0; at < 20; at++) nodes.node(noise(`${at}`, 60_000));
    expect(blocksOf(await nodes.finish()).map((block) => block.plainLength)).toEqual([
      17 * 60_000,
      3 * 60_000,
    ]);
  });

  it('[V12] closes a pack at 16 MiB, and names packs by its intent', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    for (let at = 0; at < 38; at++) {
      writer.chunk(noise(`${at}`, MIB));
      await writer.drain();
    }
    const { tables } = await writer.finish();
    const intent = noise('intent', 16) as IntentId;
    expect(tables.map((table) => table.blocks.length)).toEqual([4, 4, 2]);
    expect(tables.map((table) => toHex(table.pack))).toEqual([0, 1, 2].map((k) => toHex(packId(intent, k))));
    for (const { pack } of tables)
      expect(await store.size(packIdentity(KEYRING.tenant, 'data', pack).name)).toBeLessThan(17 * MIB);
  });

  it('[V12] bounds the table of a pack for tiny chunks', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    const number = new Uint8Array(4);
    for (let at = 0; at < 140_000; at++) {
      new DataView(number.buffer).setUint32(0, at);
      writer.chunk(number);
    }
    const written = await writer.finish();
    const counts = written.tables.map((table) =>
      table.blocks.reduce((sum, { chunks }) => sum + chunks.length, 0),
    );
    expect(counts).toEqual([131_072, 8928]);
    for (const { type, pack } of written.tables)
      expect(await readTable(store, KEYRING, { kind: type, pack })).toEqual(
        written.tables.find((table) => table.pack === pack),
      );
  });

  it('[V12] refuses a chunk that no block can hold', () => {
    expect(thrownBy(() => writerOver(openMemoryStore()).chunk(new Uint8Array(16 * MIB + 1))).code).toBe(
      'internal',
    );
  });

  it('[V13] every pack is durable before the index segment is begun', async () => {
    const store = recording(openMemoryStore());
    const writer = writerOver(store);
    for (let at = 0; at < 40; at++) writer.chunk(noise(`${at}`, MIB));
    writer.node(utf8('node'));
    await writer.finish();
    const kinds = store.events.map(([call, name]) => `${call} ${parseName(name)?.kind}`);
    const segment = kinds.indexOf('begin index');
    expect(kinds.slice(0, segment).filter((kind) => kind.startsWith('put'))).toHaveLength(4);
    expect(kinds.slice(segment)).toEqual(['begin index', 'put index']);
  });

  for (const when of ['before', 'after'] as const)
    for (const kind of ['data', 'tree', 'index'] as const)
      it(`[V13] a store that fails ${when} putting ${kind} fails the save`, async () => {
        const memory = openMemoryStore();
        const store = failing(memory, (_, name) => (parseName(name)?.kind === kind ? when : undefined));
        const writer = writerOver(store);
        writer.chunk(utf8('data'));
        writer.node(utf8('node'));
        await expectCode('unavailable', writer.finish());
        await writer.abort(new Error('given up'));
        const segments = [...(await contents(memory)).keys()].filter(
          (name) => parseName(name)?.kind === 'index',
        );
        expect(segments).toHaveLength(kind === 'index' && when === 'after' ? 1 : 0);
      });

  it('[V13] a failure is told while the save goes on', async () => {
    const writer = writerOver(failing(openMemoryStore(), () => 'before'));
    await expectCode(
      'unavailable',
      (async () => {
        for (let at = 0; at < 100; at++) {
          writer.chunk(noise(`${at}`, MIB));
          await writer.drain();
        }
      })(),
    );
    await expectCode('unavailable', writer.drain());
  });

  it('[V14] an abort leaves no part of an object', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    for (let at = 0; at < 3; at++) writer.chunk(noise(`${at}`, MIB));
    await writer.abort(new Error('given up'));
    expect((await contents(store)).size).toBe(0);
  });

  it('[V14] a cancelled writer ends in cancelled', async () => {
    const store = openMemoryStore();
    const cancel = new AbortController();
    const writer = writerOver(store, 'intent', emptyIndex(), cancel.signal);
    writer.chunk(noise('a', MIB));
    cancel.abort();
    await expectCode('cancelled', writer.finish());
    expect((await contents(store)).size).toBe(0);
  });

  it('[V14] any number of callers wait in drain, and all are woken', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const memory = openMemoryStore();
    const store: Store = {
      ...memory,
      async put(name, body, options) {
        await held;
        return memory.put(name, body, options);
      },
    };
    const writer = writerOver(store);
    for (let at = 0; at < 20; at++) writer.chunk(noise(`${at}`, MIB));
    let waiting = 3;
    const drained = Array.from({ length: waiting }, () => writer.drain().then(() => waiting--));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(waiting).toBe(3);
    release();
    await Promise.all(drained);
    await writer.finish();
  });
});
