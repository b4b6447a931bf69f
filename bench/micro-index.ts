/** The index of chunks, by itself: the one part whose inside is known here, so a change of it ends here. */

import type { Sha256 } from '../src/base/index.ts';
import { ChunkIndex } from '../src/vault/chunk-index.ts';
import type { PackId } from '../src/vault/names.ts';
import { checkOnlyTable, encodeTable } from '../src/vault/table.ts';
import type { PackTable } from '../src/vault/table.ts';
import { noiseStream } from './noise.ts';
import type { Figure } from './results.ts';
import { median } from './statistics.ts';

const TIMES = 5;
const CHUNK = 8 * 1024;
const CHUNKS_A_BLOCK = 128;
const BLOCKS_A_PACK = 64;

export function indexFigures(chunks: number): Figure[] {
  const tables = packTables(chunks);
  const stored = tables.map((table) => encodeTable(table).finish());
  const ids = tables.flatMap((table) => table.blocks.flatMap((block) => block.chunks.map(({ id }) => id)));
  const strangers = idsOf('strangers', ids.length);
  const index = fill(tables);
  const count = ids.length.toLocaleString('en');
  const perSecond = (name: string, call: () => void): Figure => ({
    name,
    value: ids.length / secondsOnce(call),
    unit: 'chunks/s',
    note: '',
  });
  return [
    perSecond(`index: insert ${count} chunks`, () => fill(tables)),
    perSecond('index: find one that is there', () => {
      for (const id of ids) if (index.find(id) === undefined) throw new Error('the index lost a chunk');
    }),
    perSecond('index: ask for one that is not', () => {
      for (const id of strangers) if (index.has(id)) throw new Error('the index made up a chunk');
    }),
    {
      name: `index: load ${count} chunks`,
      value:
        secondsOnce(() =>
          new ChunkIndex().addEncoded(stored.map((bytes) => checkOnlyTable(bytes, 'a table'))),
        ) * 1000,
      unit: 'ms',
      note: 'as a start does: from the opened tables of packs, all at once',
    },
  ];
}

function fill(tables: readonly PackTable[]): ChunkIndex {
  const index = new ChunkIndex();
  for (const table of tables) index.addTable(table);
  return index;
}

/** One call takes long enough. */
function secondsOnce(call: () => void): number {
  return median(
    Array.from({ length: TIMES }, () => {
      const started = performance.now();
      call();
      return (performance.now() - started) / 1000;
    }),
  );
}

/** As a save writes them: chunks in blocks of a megabyte, blocks one after the other in packs. */
function packTables(chunks: number): PackTable[] {
  const ids = idsOf('chunks', chunks);
  const packs = idsOf('packs', Math.ceil(chunks / (CHUNKS_A_BLOCK * BLOCKS_A_PACK)));
  return packs.map((pack, at) => {
    const own = ids.slice(at * CHUNKS_A_BLOCK * BLOCKS_A_PACK, (at + 1) * CHUNKS_A_BLOCK * BLOCKS_A_PACK);
    const blocks = Array.from({ length: Math.ceil(own.length / CHUNKS_A_BLOCK) }, (_, number) => {
      const inside = own.slice(number * CHUNKS_A_BLOCK, (number + 1) * CHUNKS_A_BLOCK);
      const plainLength = inside.length * CHUNK;
      const frameLength = CHUNKS_A_BLOCK * CHUNK;
      return {
        // Packs begin with a header of 128 bytes.
        offset: 128 + number * frameLength,
        frameLength,
        plainLength,
        chunks: inside.map((id) => ({ id, length: CHUNK })),
      };
    });
    return { type: 'data', pack: pack.subarray(0, 16) as Uint8Array as PackId, blocks };
  });
}

/** Uniform, as SHA-256 gives them. */
function idsOf(seed: string, count: number): Sha256[] {
  const next = noiseStream(seed);
  const all = next(count * 32);
  return Array.from(
    { length: count },
    (_, at) => new Uint8Array(all.subarray(at * 32, at * 32 + 32)) as Sha256,
  );
}
