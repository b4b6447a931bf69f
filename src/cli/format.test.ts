import { expect, it } from 'vitest';

import {
  formatAge,
  formatBytes,
  formatCount,
  formatMode,
  formatSeconds,
  formatTimes,
  counted,
  printable,
  table,
} from './format.ts';
import { isoMicroseconds } from './shapes.ts';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.0 KB'],
  [1024 * 1023.94, '1023.9 KB'],
  [1024 * 1023.96, '1.0 MB'],
  [1.4 * 2 ** 30, '1.4 GB'],
  [Number.MAX_SAFE_INTEGER, '8.0 PB'],
])('[C15] %d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0, '0 ms'],
  [0.0451, '45 ms'],
  [0.0996, '0.1 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.6, '1 min 0 s'],
  [200, '3 min 20 s'],
  [3599.7, '1 h 0 min'],
  [7500, '2 h 5 min'],
])('[C15] %d seconds are %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

it.each([
  [0.314, '0.31×'],
  [1, '1.0×'],
  [3.249, '3.2×'],
  [99.96, '100×'],
  [12_345, '12,345×'],
])('[C15] a factor of %d is %s', (factor, text) => {
  expect(formatTimes(factor)).toBe(text);
});

const NOW = Date.UTC(2026, 10, 23, 12);
it.each([
  [0, 'just now'],
  [-59, 'just now'],
  [59, 'just now'],
  [60, '1 min ago'],
  [3599, '59 min ago'],
  [7200, '2 h ago'],
  [86_400, '1 day ago'],
  [29.9 * 86_400, '29 days ago'],
])('[C15] %d seconds before now is %s', (seconds, text) => {
  expect(formatAge(NOW - seconds * 1000, NOW)).toBe(text);
});

it('[C15] far away is a date, before as after', () => {
  expect(formatAge(NOW - 30 * 86_400_000, NOW)).toMatch(/^2026-10-2\d \d\d:\d\d$/);
  expect(formatAge(NOW + 3_600_000, NOW)).toMatch(/^2026-11-2\d \d\d:\d\d$/);
});

it('[C15] counts, modes and tables', () => {
  expect([0, 999, 1000, 1_234_567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect([counted(1, 'file'), counted(2, 'directory', 'directories')]).toEqual(['1 file', '2 directories']);
  expect([0o755, 0o640, 0].map(formatMode)).toEqual(['rwxr-xr-x', 'rw-r-----', '---------']);
  expect(
    table(
      [
        ['a', '10', 'x'],
        ['bbb', '2', ''],
      ],
      ['left', 'right', 'left'],
    ),
  ).toEqual(['a    10  x', 'bbb   2']);
  expect(table([], ['left'])).toEqual([]);
});

it.each([
  ['é 漢 \n ok', 'é 漢 \n ok'],
  ['\x1b[31mred\x07', '\\x1b[31mred\\x07'],
  ['a\rb\tc\x9b', 'a\\x0db\\x09c\\xc2\\x9b'],
  ['\u202etxt.exe', '\\xe2\\x80\\xaetxt.exe'],
])('[C8] %j is printed as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it.each([
  [0, '1970-01-01T00:00:00.000000Z'],
  [1_700_000_000_123_456, '2023-11-14T22:13:20.123456Z'],
  [-1, '1969-12-31T23:59:59.999999Z'],
  [4_102_444_800_000_001, '2100-01-01T00:00:00.000001Z'],
])('[C16] %d µs is %s', (microseconds, text) => {
  expect(isoMicroseconds(microseconds)).toBe(text);
});
