import { describe, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise, pinnedRandom } from '../testing/noise.ts';
import { packId, segmentIdentity } from './names.ts';
import type { IntentId, PackId, SegmentId } from './names.ts';
import { getEncodedSegment, getSegment, putSegment } from './segment.ts';
import { encodedTable } from './table.ts';
import { KEYRING } from './writer.fixture.ts';

describe('index segments', () => {
  it('[V16] what a segment says is read back, in however many frames', async () => {
    const store = openMemoryStore();
    const id = noise('segment', 16) as SegmentId;
    const chunks = Array.from({ length: 60_000 }, (_, at) => ({ id: sha256(utf8(`${at}`)), length: 1 }));
    const blocks = [{ offset: 128, frameLength: 500, plainLength: 60_000, chunks }];
    const tables = Array.from({ length: 9 }, (_, at) => ({
      type: 'data' as const,
      pack: packId(noise('i', 16) as IntentId, at),
      blocks,
    }));
    const replaces = [noise('r', 16) as SegmentId, noise('s', 16) as SegmentId];
    const size = await putSegment(store, KEYRING, id, { tables, replaces }, pinnedRandom('x'));
    expect(await store.size(segmentIdentity(KEYRING.tenant, id).name)).toBe(size);
    const read = await getSegment(store, KEYRING, id);
    expect(read.replaces.map(toHex)).toEqual(replaces.map(toHex));
    expect(read.tables.map((table) => toHex(table.pack))).toEqual(tables.map((table) => toHex(table.pack)));
    expect(read.tables.every((table) => table.blocks[0]!.chunks.length === 60_000)).toBe(true);
    expect(toHex(read.tables[8]!.blocks[0]!.chunks[59_999]!.id)).toBe(toHex(chunks[59_999]!.id));
  });

  it('[V16] is the same object from tables as bytes, which may stand in other bytes', async () => {
    const chunks = Array.from({ length: 50 }, (_, at) => ({ id: sha256(utf8(`${at}`)), length: at }));
    const blocks = [{ offset: 128, frameLength: 500, plainLength: 1225, chunks }];
    const tables = ['a', 'b'].map((name) => ({
      type: 'tree' as const,
      pack: noise(name, 16) as PackId,
      blocks,
    }));
    const replaces = [noise('r', 16) as SegmentId];
    const id = noise('segment', 16) as SegmentId;
    const stored: string[] = [];
    let encoded = tables.map(encodedTable);
    for (const form of [tables, encoded]) {
      const store = openMemoryStore();
      await putSegment(store, KEYRING, id, { tables: form, replaces }, pinnedRandom('x'));
      stored.push(toHex(await store.get(segmentIdentity(KEYRING.tenant, id).name)));
      const read = await getEncodedSegment(store, KEYRING, id);
      expect(read.replaces.map(toHex)).toEqual(replaces.map(toHex));
      expect(read.tables.map(({ bytes }) => toHex(bytes))).toEqual(encoded.map(({ bytes }) => toHex(bytes)));
      encoded = [...read.tables];
    }
    expect(stored[1]).toBe(stored[0]);
  });

  it('[V16] an empty segment stands for nothing', async () => {
    const store = openMemoryStore();
    const id = noise('segment', 16) as SegmentId;
    await putSegment(store, KEYRING, id, { tables: [], replaces: [] }, pinnedRandom('x'));
    expect(await getSegment(store, KEYRING, id)).toEqual({ tables: [], replaces: [] });
  });

  it('[V16] a name that is taken is refused, and a missing segment is an integrity error', async () => {
    const store = openMemoryStore();
    const id = noise('segment', 16) as SegmentId;
    await expectCode('integrity', getSegment(store, KEYRING, id));
    await putSegment(store, KEYRING, id, { tables: [], replaces: [] }, pinnedRandom('x'));
    await expectCode(
      'internal',
      putSegment(store, KEYRING, id, { tables: [], replaces: [] }, pinnedRandom('y')),
    );
  });
});
