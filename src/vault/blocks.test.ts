import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { failing, overwrite, recording } from '../testing/stores.ts';
import { BlockOpener, parted } from './blocks.ts';
import type { SealedBlocks } from './blocks.ts';
import { packIdentity } from './names.ts';
import { VaultReader } from './reader.ts';
import { KEYRING, emptyIndex, indexOf, keyringOf, writerOver } from './writer.fixture.ts';

const CHUNK = 400_000;

/** Forty chunks in four blocks of one pack. */
async function written() {
  const memory = openMemoryStore();
  const writer = writerOver(memory);
  const chunks = Array.from({ length: 40 }, (_, at) => noise(`chunk ${at}`, CHUNK));
  const ids = chunks.map((chunk) => writer.chunk(chunk));
  const index = await indexOf(memory, await writer.finish());
  const store = recording(memory);
  const { blocks } = new VaultReader({ store, keyring: KEYRING, index });
  const places = ids.map((id) => blocks.locate(id));
  const all = [...new Set(places.map(({ block }) => block))];
  return { store, memory, index, chunks, ids, blocks, places, all };
}

describe('blocks', () => {
  it('[V60] that are neighbours are fetched in one request, and opened elsewhere', async () => {
    const { store, chunks, ids, blocks, places, all } = await written();
    expect(all.length).toBeGreaterThan(3);
    const sealed = await blocks.fetch(all);
    await blocks.fetch(all.slice(1, 3));
    // The header of the pack came with the first.
    expect(store.events).toHaveLength(2);
    const opener = BlockOpener.of(structuredClone(blocks.share));
    const moved = structuredClone(sealed, { transfer: [sealed.bytes.buffer] });
    expect(sealed.bytes).toHaveLength(0);
    for (const [number, { block, offset, length }] of places.entries()) {
      using opened = opener.open(moved, all.indexOf(block));
      for (let time = 0; time < 2; time++)
        expect(toHex(opened.chunk(ids[number]!, offset, length))).toBe(toHex(chunks[number]!));
    }
    // What is handed over is not the store's own.
    opener.open(await blocks.fetch(all), 0);
  });

  it('[V60] that are not all neighbours come in one request, and are parted without what lies between', async () => {
    const { store, chunks, ids, blocks, places, all } = await written();
    const some = [all[0]!, all[1]!, all[3]!];
    const sealed = await blocks.fetch(some);
    expect(store.events).toHaveLength(1);
    const opener = BlockOpener.of(blocks.share);
    const check = (from: SealedBlocks, first: number) => {
      for (const [at, { number }] of from.blocks.entries()) {
        expect(number).toBe(some[first + at]!.number);
        using opened = opener.open(from, at);
        for (const [row, { block, offset, length }] of places.entries())
          if (block === some[first + at])
            expect(toHex(opened.chunk(ids[row]!, offset, length))).toBe(toHex(chunks[row]!));
      }
    };
    check(sealed, 0);
    const [front, back] = parted(sealed, [2, 1]) as [SealedBlocks, SealedBlocks];
    expect(sealed.bytes).toHaveLength(0);
    check(front, 0);
    check(back, 2);
    for (const part of [front, back]) {
      const frames = part.blocks.reduce((sum, { frameLength }) => sum + frameLength, 0);
      expect(part.bytes.buffer.byteLength).toBe(frames);
    }
    expect(parted(front, [2])).toEqual([front]);
  });

  it('[V60] leave nothing behind of what came with the header of their pack', async () => {
    const { memory, index, all } = await written();
    // As a store that does not keep its contract would, and as each did once.
    const store: Store = {
      ...memory,
      get: async (...asked) => Buffer.from(await memory.get(...asked)) as Uint8Array as Sealed,
    };
    const { blocks } = new VaultReader({ store, keyring: KEYRING, index });
    const { header } = await blocks.fetch(all);
    expect(header.buffer.byteLength).toBe(header.length);
  });

  it('[V60] give only chunks whose SHA-256 is right, also after one that was', async () => {
    const { ids, blocks, places, all } = await written();
    const opener = BlockOpener.of(blocks.share);
    const opened = opener.open(await blocks.fetch(all), 0);
    const [{ offset, length }] = places as [(typeof places)[0]];
    for (const [id, from, count] of [
      [ids[1]!, offset, length],
      [ids[0]!, offset + 1, length],
      [ids[0]!, offset, length - 1],
      [ids[0]!, offset, 16 * CHUNK],
    ] as const) {
      opened.chunk(ids[0]!, offset, length);
      expect(() => opened.chunk(id, from, count)).toThrow(expect.objectContaining({ code: 'integrity' }));
    }
    await expectCode('integrity', (async () => blocks.locate(sha256(utf8('nothing'))))());
  });

  it('[V60] that are damaged, cut off or gone are integrity errors with the object', async () => {
    const { memory, blocks, all } = await written();
    const { name } = packIdentity(KEYRING.tenant, 'data', all[0]!.pack);
    const whole = await memory.get(name);
    const opener = BlockOpener.of(blocks.share);
    const { offset, frameLength } = all[1]!;
    for (const at of [offset, offset + 8, offset + frameLength - 1]) {
      await overwrite(
        memory,
        name,
        whole.map((byte, position) => (position === at ? byte ^ 1 : byte)),
      );
      const sealed = await blocks.fetch(all);
      opener.open(sealed, 0);
      expect(() => opener.open(sealed, 1)).toThrow(
        expect.objectContaining({ code: 'integrity', details: { object: name } }),
      );
    }
    await overwrite(memory, name, whole.subarray(0, all.at(-1)!.offset + 10));
    await expectCode('integrity', blocks.fetch(all));
    await memory.delete(name);
    await expectCode('integrity', blocks.fetch(all));
  });

  it('[V60] whose header could not be fetched are tried again', async () => {
    const { memory, index, all } = await written();
    let failures = 2;
    const store = failing(memory, (call) => (call === 'get' && failures-- > 0 ? 'before' : undefined));
    const { blocks } = new VaultReader({ store, keyring: KEYRING, index });
    await expectCode('unavailable', blocks.fetch(all));
    await expectCode('unavailable', blocks.fetch(all));
    expect((await blocks.fetch(all)).blocks).toHaveLength(all.length);
  });

  it('[V61] open with their tenant’s share only, and no key shows when their source is printed', async () => {
    const { store, index, blocks, all } = await written();
    const sealed = await blocks.fetch(all);
    const other = new VaultReader({ store, keyring: keyringOf('other'), index: emptyIndex() }).blocks;
    expect(() => BlockOpener.of(other.share).open(sealed, 0)).toThrow(
      expect.objectContaining({ code: 'integrity' }),
    );
    const reader = new VaultReader({ store, keyring: KEYRING, index });
    for (const value of [reader, reader.blocks, reader.blocks.share, BlockOpener.of(blocks.share)]) {
      const printed = inspect(value, { depth: 9 });
      for (const { secret } of KEYRING.keys) expect(printed).not.toContain(secret.slice(0, 3).join(', '));
    }
    expect(inspect({ ...blocks.share }, { depth: 9 })).toContain(
      KEYRING.keys[0]!.secret.slice(0, 3).join(', '),
    );
  });
});
