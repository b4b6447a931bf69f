import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { asBuffer, compareBytes, concatBytes, equalBytes, fromHex, toHex, utf8 } from './index.ts';

describe('bytes', () => {
  it('[B1] the order is that of unsigned bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3 }), fc.uint8Array({ maxLength: 3 }), (a, b) => {
        expect(compareBytes(a, b)).toBe(Buffer.compare(a, b));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
      }),
    );
    expect(compareBytes(Uint8Array.of(0x7f), Uint8Array.of(0x80))).toBe(-1);
    expect(compareBytes(utf8('ab'), utf8('a'))).toBe(1);
  });

  it('[B2] hex has one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes), bytes.length)).toEqual(bytes);
      }),
    );
    for (const text of ['', 'a', 'AB', 'ab ', ' ab', '0xab', 'abc', 'abcd', 'gg', 'a\n', '٠٠'])
      expect([text, fromHex(text, 1)]).toEqual([text, undefined]);
  });

  it('[B1] joined bytes are a copy, a Buffer over bytes is not', () => {
    const part = Uint8Array.of(1, 2);
    const whole = concatBytes([part, new Uint8Array(0), part]);
    asBuffer(part.subarray(1))[0] = 9;
    expect([...part]).toEqual([1, 9]);
    expect([...whole]).toEqual([1, 2, 1, 2]);
  });
});
