import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { LOG_END_BYTES, LogEnd } from './log-end.ts';

const part = fc.record({
  length: fc.oneof(fc.nat(200), fc.nat(LOG_END_BYTES * 3), fc.constantFrom(LOG_END_BYTES, LOG_END_BYTES + 1)),
  fill: fc.integer({ min: 97, max: 122 }),
});

it('[R61] of all that was printed the last lines are there, in whatever parts it came', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const end = new LogEnd();
      const printed = parts.map(({ length, fill }) => {
        const bytes = Buffer.alloc(length, fill);
        for (let at = 99; at < length; at += 100) bytes[at] = 10;
        return bytes;
      });
      for (const bytes of printed) end.add(bytes);
      const all = Buffer.concat(printed);
      const last = all.subarray(-LOG_END_BYTES);
      const expected = last.length === all.length ? all : last.subarray(last.indexOf(10) + 1);
      expect(Buffer.compare(end.bytes, expected)).toBe(0);
    }),
    { numRuns: 40 },
  );
});
