import { describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { noise } from '../testing/noise.ts';
import { ChunkIndex, sharedIndex } from './chunk-index.ts';
import { IdTable } from './id-table.ts';
import type { PackId } from './names.ts';
import { encodedTable } from './table.ts';
import type { BlockRow, PackTable } from './table.ts';

const COUNT = 100_000;
const IDS = noise('ids', COUNT * 32);
const idAt = (at: number) => IDS.subarray(at * 32, at * 32 + 32) as Sha256;

/** A table of blocks of `perBlock` chunks, of lengths 1, 2, 3 … */
function tableOf(name: string, from: number, to: number, perBlock: number): PackTable {
  const blocks: BlockRow[] = [];
  let offset = 128;
  for (let first = from; first < to; first += perBlock) {
    const chunks = Array.from({ length: Math.min(perBlock, to - first) }, (_, at) => ({
      id: idAt(first + at),
      length: at + 1,
    }));
    const plainLength = chunks.reduce((sum, { length }) => sum + length, 0);
    blocks.push({ offset, frameLength: 1000, plainLength, chunks });
    offset += 1000;
  }
  return { type: 'data', pack: noise(name, 16) as PackId, blocks };
}

describe('the index in memory', () => {
  it('[V6] a table of ids numbers them like a Map', () => {
    const table = new IdTable();
    const model = new Map<string, number>();
    for (let round = 0; round < COUNT; round++) {
      // Every third id comes again, and some share the bytes that choose their slot.
      const id = idAt(round % 3 === 2 ? (round * 7) % (round + 1) : round).slice() as Sha256;
      if (round % 500 === 0) id.fill(0, 0, 4);
      const key = toHex(id);
      expect(table.find(id)).toBe(model.get(key) ?? -1);
      expect(table.add(id)).toBe(!model.has(key));
      if (!model.has(key)) model.set(key, model.size);
    }
    expect(table.size).toBe(model.size);
    for (const [key, number] of model)
      expect(table.find(Buffer.from(key, 'hex') as Uint8Array as Sha256)).toBe(number);
  });

  it('[V6] finds each chunk where its pack has it', () => {
    const index = new ChunkIndex();
    const table = tableOf('one', 0, 50_000, 17);
    index.addTable(table);
    expect(index).toMatchObject({ size: 50_000, packs: 1 });
    expect(index.plainBytes).toBe(table.blocks.reduce((sum, block) => sum + block.plainLength, 0));
    for (const [number, block] of table.blocks.entries()) {
      let offset = 0;
      for (const { id, length } of block.chunks) {
        const place = index.find(id)!;
        expect([place.block.number, place.block.offset, place.offset, place.length]).toEqual([
          number,
          block.offset,
          offset,
          length,
        ]);
        offset += length;
      }
    }
    for (let at = 50_000; at < 51_000; at++)
      expect([index.has(idAt(at)), index.find(idAt(at))]).toEqual([false, undefined]);
  });

  it('[V6] the first place of a chunk stays, and a pack counts once', () => {
    const index = new ChunkIndex();
    const first = tableOf('first', 0, 100, 10);
    for (const table of [first, tableOf('second', 50, 150, 7), first]) index.addTable(table);
    expect(index).toMatchObject({ size: 150, packs: 2 });
    expect(toHex(index.find(idAt(60))!.block.pack)).toBe(toHex(first.pack));
    expect(toHex(index.find(idAt(120))!.block.pack)).toBe(toHex(noise('second', 16)));
  });

  it('[V6] [V50] is the same from bytes as from objects, presized or grown, and in other bytes', () => {
    const tables = Array.from({ length: 30 }, (_, k) => tableOf(`${k}`, k * 900, k * 900 + 1000, 1 + k * 11));
    const [grown, presized] = [new ChunkIndex(), new ChunkIndex()];
    for (const table of tables) grown.addTable(table);
    presized.addEncoded([...tables, tables[3]!].map(encodedTable));
    const shared = sharedIndex(structuredClone(presized.share()));
    expect([grown.size, grown.plainBytes, grown.packs]).toEqual([
      presized.size,
      presized.plainBytes,
      presized.packs,
    ]);
    expect(grown.size).toBe(27_100);
    for (let at = 0; at < 27_200; at++) {
      const known = at < 27_100;
      expect(presized.find(idAt(at))).toEqual(grown.find(idAt(at)));
      expect([grown.hasAt(IDS, at * 32), shared.hasAt(IDS, at * 32)]).toEqual([known, known]);
    }
    expect([grown.hasAt(IDS, 1), shared.hasAt(IDS, 1)]).toEqual([false, false]);
  });

  it('[V6] blocks without chunks are counted and in nobody’s way', () => {
    const index = new ChunkIndex();
    const [first, second] = tableOf('one', 0, 20, 10).blocks as [BlockRow, BlockRow];
    const empty = { ...first, plainLength: 0, chunks: [] };
    const blocks = [empty, first, empty, second, empty].map((block, at) => ({
      ...block,
      offset: 128 + at * 1000,
    }));
    index.addTable({ type: 'data', pack: noise('one', 16) as PackId, blocks });
    expect([0, 9, 10, 19].map((at) => index.find(idAt(at))!.block.number)).toEqual([1, 1, 3, 3]);
  });

  it('[V6] an empty index has nothing', () => {
    expect(new ChunkIndex().find(idAt(0))).toBeUndefined();
    expect(new IdTable().find(idAt(0))).toBe(-1);
  });
});
