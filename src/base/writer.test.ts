import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ByteWriter, copyBytes, equalBytes, toHex } from './index.ts';

it.each<[string, (writer: ByteWriter) => ByteWriter, string]>([
  ['u8', (writer) => writer.u8(0x91), '91'],
  ['u16', (writer) => writer.u16(0x9192), '9291'],
  ['u32', (writer) => writer.u32(0x91929394), '94939291'],
  ['u64', (writer) => writer.u64(2 ** 53 - 2), 'feffffffffff1f00'],
  ['i64', (writer) => writer.i64(-3), 'fdffffffffffffff'],
  ['few bytes', (writer) => writer.bytes(new Uint8Array(64).fill(7)), '07'.repeat(64)],
  ['more bytes', (writer) => writer.bytes(new Uint8Array(65).fill(7)), '07'.repeat(65)],
  ['many bytes', (writer) => writer.bytes(new Uint8Array(3000).fill(7)), '07'.repeat(3000)],
])('[B3] a field is whole wherever the memory of a writer ends: %s', (_, write, hex) => {
  for (let before = 180; before < 600; before++) {
    const writer = new ByteWriter().bytes(new Uint8Array(before).fill(1));
    expect(toHex(write(writer).finish().subarray(before))).toBe(hex);
  }
});

it('[B13] a cleared writer is as good as a new one, and what it gave away stays', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 });
  fc.assert(
    fc.property(parts, parts, (first, second) => {
      const used = new ByteWriter();
      for (const part of first) used.short(part);
      const kept = used.finish();
      const copy = kept.slice();
      used.clear();
      const fresh = new ByteWriter();
      for (const part of second) {
        used.short(part);
        fresh.short(part);
      }
      expect(used.length).toBe(fresh.length);
      expect(toHex(used.written)).toBe(toHex(fresh.finish()));
      expect(toHex(kept)).toBe(toHex(copy));
    }),
  );
});

it('[B14] a part of bytes is copied to its place and nowhere else, and bytes are equal only if all are', () => {
  const any = fc.uint8Array({ minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(any, fc.nat(), fc.nat(), fc.nat(20), (bytes, one, other, at) => {
      const [start, end] = [one % (bytes.length + 1), other % (bytes.length + 1)].toSorted((a, b) => a - b);
      const to = new Uint8Array(at + bytes.length + 5).fill(9);
      copyBytes(bytes, start!, end!, to, at);
      const expected = [...new Uint8Array(at).fill(9), ...bytes.slice(start, end)];
      expect([...to]).toEqual([...expected, ...new Uint8Array(to.length - expected.length).fill(9)]);
      expect(equalBytes(bytes, bytes.slice())).toBe(true);
      expect(equalBytes(bytes, bytes.subarray(1))).toBe(false);
      const differing = bytes.with(one % bytes.length, bytes[one % bytes.length]! ^ 1);
      expect(equalBytes(bytes, differing)).toBe(false);
    }),
  );
});
