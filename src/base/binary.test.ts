import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { ByteReader, ByteWriter, sha256, toHex } from './index.ts';

const safe = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

const FIELD = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  fc.record({ kind: fc.constant('u64' as const), value: safe.map(Math.abs) }),
  fc.record({ kind: fc.constant('i64' as const), value: safe }),
);

describe('binary records', () => {
  it('[B3] what is written is read back', () => {
    fc.assert(
      fc.property(fc.array(FIELD), fc.uint8Array({ maxLength: 600 }), (fields, tail) => {
        const writer = new ByteWriter();
        for (const { kind, value } of fields) writer[kind](value);
        const reader = new ByteReader(writer.short(tail).finish(), 'record');
        for (const { kind, value } of fields) expect(reader[kind]() === value).toBe(true);
        expect(Buffer.compare(reader.short(), tail)).toBe(0);
        reader.end();
      }),
    );
  });

  it('[B3] what was read can be had again', () => {
    const reader = new ByteReader(Uint8Array.of(9, 1, 2, 3, 4), 'record');
    reader.u8();
    const start = reader.remaining;
    expect([...reader.since(start)]).toEqual([]);
    expect([reader.u16(), reader.u8()]).toEqual([0x0201, 3]);
    expect([...reader.since(start)]).toEqual([1, 2, 3]);
  });

  it('[B10] a slice of what was read is a copy, also out of a Buffer', () => {
    const record = Buffer.from([1, 2, 3]);
    const copy = new ByteReader(record, 'record').bytes(2).slice();
    record.fill(9);
    expect([...copy]).toEqual([1, 2]);
    const digest = sha256(record);
    const half = digest.slice(0, 16);
    digest.fill(0);
    expect(half.some((byte) => byte !== 0)).toBe(true);
  });

  it('[B3] numbers are little-endian, negative ones in two’s complement', () => {
    const writer = new ByteWriter()
      .u16(0x0102)
      .u32(0x01020304)
      .u64(2 ** 53 - 1)
      .i64(-2)
      .short(Uint8Array.of(7));
    expect(toHex(writer.finish())).toBe(
      '0201_04030201_ffffffffffff1f00_feffffffffffffff_010007'.replaceAll('_', ''),
    );
  });

  it('[B3] a reader sees only its part of a larger memory', () => {
    const reader = new ByteReader(Uint8Array.of(9, 9, 1, 2, 9).subarray(2, 4), 'record');
    expect(reader.u16()).toBe(0x0201);
    expect(reader.remaining).toBe(0);
  });

  it('[B4] what does not fit is refused', () => {
    const cases: readonly (readonly ['u8' | 'u16' | 'u32' | 'u64' | 'i64', number])[] = [
      ['u8', 256],
      ['u8', -1],
      ['u16', 0x1_0000],
      ['u32', 2 ** 32],
      ['u32', 0.5],
      ['u64', -1],
      ['u64', 2 ** 53],
      ['u64', Number.NaN],
      ['i64', 2 ** 53],
      ['i64', -(2 ** 53)],
      ['i64', 1.5],
    ];
    for (const [kind, value] of cases)
      expect(thrownBy(() => new ByteWriter()[kind](value)).code, `${kind} ${value}`).toBe('internal');
    expect(thrownBy(() => new ByteWriter().short(new Uint8Array(0x1_0000))).code).toBe('internal');
  });

  it('[B5] damage is told with the name of the record', () => {
    const tooHigh = new Uint8Array(8).fill(0xff);
    tooHigh[7] = 0x7f;
    const cases: Record<string, (reader: ByteReader) => unknown> = {
      'it ends too early': (reader) => reader.bytes(9),
      '8 bytes are left over': (reader) => reader.end(),
      'a count exceeds the record': (reader) => reader.count(1),
      'a number is out of range': (reader) => reader.u64(),
    };
    for (const [reason, read] of Object.entries(cases)) {
      const error = thrownBy(() => read(new ByteReader(tooHigh, 'the record')));
      expect(error.code).toBe('integrity');
      expect(error.message).toBe(`the record is damaged: ${reason}`);
    }
    expect(thrownBy(() => new ByteReader(tooHigh, 'x').i64()).code).toBe('integrity');
    expect(thrownBy(() => new ByteReader(Uint8Array.of(5, 0, 1), 'x').short()).code).toBe('integrity');
  });

  it('[B5] a count that fits is given', () => {
    const bytes = new ByteWriter().u32(2).bytes(new Uint8Array(6)).finish();
    expect(new ByteReader(bytes, 'x').count(3)).toBe(2);
    expect(thrownBy(() => new ByteReader(bytes, 'x').count(4)).code).toBe('integrity');
  });
});
