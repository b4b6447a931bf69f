import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ByteReader, ByteWriter, isStrataError, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import type { PackId } from './names.ts';
import {
  MAX_PACK_CHUNKS,
  blocksOf,
  checkTable,
  checkOnlyTable,
  decodeTable,
  tableOf,
  encodeTable,
  encodedTable,
} from './table.ts';
import type { PackTable } from './table.ts';

const id = (seed: string) => noise(seed, 32) as Sha256;
const PLAIN_ID = id('a');
const PACK = Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at) as PackId;

const TABLE: PackTable = {
  type: 'tree',
  pack: PACK,
  blocks: [
    {
      offset: 128,
      frameLength: 50,
      plainLength: 7,
      chunks: [
        { id: id('a'), length: 3 },
        { id: id('b'), length: 4 },
      ],
    },
    {
      offset: 178,
      frameLength: 0x01_0203,
      plainLength: 0x01_0000,
      chunks: [{ id: id('c'), length: 0x01_0000 }],
    },
  ],
};

const encoded = (table: PackTable) => encodeTable(table).finish();

/** A table whose first block is changed as no writer would. */
const forged = (block: Partial<PackTable['blocks'][number]>) =>
  encoded({ ...TABLE, blocks: [{ ...TABLE.blocks[0]!, ...block }, TABLE.blocks[1]!] });

describe('the table of a pack', () => {
  it('[V3] has exactly the bytes that were frozen', () => {
    expect(toHex(encoded(TABLE))).toBe(
      ['02', toHex(PACK), '02000000', '80000000', '32000000', '07000000', '02000000'].join('') +
        [toHex(id('a')), '03000000', toHex(id('b')), '04000000', 'b2000000', '03020100', '00000100'].join(
          '',
        ) +
        ['01000000', toHex(id('c')), '00000100'].join(''),
    );
  });

  it('[V3] is read back, and several stand one after another', () => {
    const writer = new ByteWriter();
    encodeTable(TABLE, writer);
    encodeTable({ ...TABLE, type: 'data', blocks: [] }, writer);
    const reader = new ByteReader(writer.finish(), 'tables');
    const plain = (table: PackTable) =>
      JSON.stringify(table, (_, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value));
    expect(plain(decodeTable(reader))).toBe(plain(TABLE));
    expect(decodeTable(reader)).toMatchObject({ type: 'data', blocks: [] });
    reader.end();
  });

  it('[V3] is kept as its bytes, wherever they stand', () => {
    const bytes = encoded(TABLE);
    const reader = new ByteReader(Uint8Array.from([7, ...bytes, ...bytes]), 'tables');
    reader.u8();
    for (const table of [checkTable(reader), checkTable(reader), encodedTable(TABLE)]) {
      expect(table).toMatchObject({ type: 'tree', chunks: 3 });
      expect([toHex(table.pack), toHex(table.bytes)]).toEqual([toHex(PACK), toHex(bytes)]);
      expect([...blocksOf(table)].map(({ offset, rows }) => [offset, rows.length])).toEqual([
        [128, 72],
        [178, 36],
      ]);
    }
    reader.end();
  });

  const FORGED: Readonly<Record<string, Uint8Array>> = {
    'a type of no pack': encoded(TABLE).with(0, 3),
    'blocks that overlap': forged({ frameLength: 49 }),
    'a gap between blocks': forged({ frameLength: 51 }),
    'a first block in the header': forged({ offset: 127, frameLength: 51 }),
    'a frame that is only a head': forged({ frameLength: 12 }),
    'a block that is too long': forged({ plainLength: 16 * 1024 * 1024 + 1 }),
    'chunks that do not fill their block': forged({ plainLength: 8 }),
    'more blocks than there are bytes': encoded(TABLE).with(20, 0xff),
    'more chunks than there are bytes': encoded(TABLE).with(36, 0xff),
    'bytes left over': Uint8Array.from([...encoded(TABLE), 0]),
    'no bytes': new Uint8Array(0),
  };
  for (const [what, bytes] of Object.entries(FORGED))
    it(`[V3] ${what}: integrity`, () => {
      expect(thrownBy(() => tableOf(checkOnlyTable(bytes, 'table'))).code).toBe('integrity');
    });

  it('[V3] too many chunks: integrity', () => {
    const chunks = Array.from({ length: MAX_PACK_CHUNKS + 1 }, () => ({ id: PLAIN_ID, length: 0 }));
    const bytes = encoded({ ...TABLE, blocks: [{ offset: 128, frameLength: 50, plainLength: 0, chunks }] });
    expect(thrownBy(() => tableOf(checkOnlyTable(bytes, 'table'))).message).toContain('too many chunks');
  });

  it('[V3] damaged anywhere is read as another table or ends in integrity', () => {
    const bytes = encoded(TABLE);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
        try {
          tableOf(checkOnlyTable(bytes.with(at, value).subarray(0, length), 'table'));
        } catch (error) {
          expect(isStrataError(error, 'integrity')).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
