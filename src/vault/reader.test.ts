import { describe, expect, it } from 'vitest';

import { sha256, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise, prose } from '../testing/noise.ts';
import { failing, overwrite, recording } from '../testing/stores.ts';
import type { Keyring } from './keyring.ts';
import { packIdentity } from './names.ts';
import { VaultReader } from './reader.ts';
import { KEYRING, emptyIndex, indexOf, keyringOf, writerOver } from './writer.fixture.ts';

describe('a reader', () => {
  it('[V15] a chunk that no pack has is an integrity error', async () => {
    const reader = new VaultReader({ store: openMemoryStore(), keyring: KEYRING, index: emptyIndex() });
    await expectCode('integrity', reader.chunk(sha256(utf8('nothing'))));
    await expectCode('integrity', reader.node(sha256(utf8('nothing'))));
  });

  it('[V15] what an index puts in the wrong place is an integrity error', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    const ids = [writer.chunk(utf8('one')), writer.chunk(utf8('two'))];
    const { tables } = await writer.finish();
    const index = emptyIndex();
    for (const table of tables)
      index.data.addTable({
        ...table,
        blocks: table.blocks.map((block) => ({ ...block, chunks: block.chunks.toReversed() })),
      });
    const reader = new VaultReader({ store, keyring: KEYRING, index });
    for (const id of ids) await expectCode('integrity', reader.chunk(id));
  });

  it('[V15] fetches a block once for all of its chunks, and again after a failure', async () => {
    const memory = openMemoryStore();
    const writer = writerOver(memory);
    const ids = Array.from({ length: 10 }, (_, at) => writer.chunk(prose(`${at}`, 5000)));
    const written = await writer.finish();
    let failures = 2;
    const store = recording(
      failing(memory, (call) => (call === 'get' && failures-- > 0 ? 'before' : undefined)),
    );
    const reader = new VaultReader({ store, keyring: KEYRING, index: await indexOf(memory, written) });
    await expectCode('unavailable', reader.chunk(ids[0]!));
    await expectCode('unavailable', reader.chunk(ids[0]!));
    store.events.length = 0;
    await Promise.all(ids.map((id) => reader.chunk(id)));
    expect(store.events.filter(([call]) => call === 'get')).toHaveLength(1);
  });

  it('[V15] another tenant’s keys open nothing', async () => {
    const store = openMemoryStore();
    const writer = writerOver(store);
    const id = writer.chunk(utf8('secret'));
    const written = await writer.finish();
    const index = await indexOf(store, written);
    const other = keyringOf('other');
    const own = packIdentity(KEYRING.tenant, 'data', written.tables[0]!.pack).name;
    const moved = packIdentity(other.tenant, 'data', written.tables[0]!.pack).name;
    await overwrite(store, moved, await store.get(own));
    await expectCode('integrity', new VaultReader({ store, keyring: other, index }).chunk(id));
    const disguised = Object.assign(Object.create(KEYRING) as Keyring, { find: () => other.seal('data') });
    await expectCode('integrity', new VaultReader({ store, keyring: disguised, index }).chunk(id));
  });

  it('[V99] a far store is asked for a tree block and those around it at once, and for the header with them', async () => {
    const memory = openMemoryStore();
    const writer = writerOver(memory);
    const nodes = Array.from({ length: 40 }, (_, at) => writer.node(noise(`${at}`, 200_000)));
    const written = await writer.finish();
    const near = recording(memory);
    const far = recording({ ...memory, isFar: true });
    const gets = async (store: typeof near, ids: readonly Sha256[]) => {
      const reader = new VaultReader({ store, keyring: KEYRING, index: await indexOf(memory, written) });
      for (const id of ids) expect(await reader.node(id)).toHaveLength(200_000);
      return store.events.filter(([call]) => call === 'get').length;
    };
    expect(await gets(near, nodes.slice(0, 10))).toBe(2);
    expect(await gets(far, nodes.slice(0, 10))).toBe(1);
    far.events.length = 0;
    // Each of the eight megabytes once, some with their neighbours.
    expect(await gets(far, nodes.toReversed())).toBeLessThan(9);
  });

  it('[V99] a block among others that is damaged is asked for again', async () => {
    const memory = openMemoryStore();
    const writer = writerOver(memory);
    const node = writer.node(noise('node', 200_000));
    const written = await writer.finish();
    let failures = 1;
    const store = failing({ ...memory, isFar: true }, (call) =>
      call === 'get' && failures-- > 0 ? 'before' : undefined,
    );
    const reader = new VaultReader({ store, keyring: KEYRING, index: await indexOf(memory, written) });
    await expectCode('unavailable', reader.node(node));
    expect(await reader.node(node)).toHaveLength(200_000);
  });
});
