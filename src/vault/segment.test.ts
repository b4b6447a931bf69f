import { describe, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise, pinnedRandom } from '../testing/noise.ts';
import { packId, segmentIdentity } from './names.ts';
import type { IntentId, SegmentId } from './names.ts';
import { getSegment, putSegment } from './segment.ts';
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
