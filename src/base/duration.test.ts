import { expect, it } from 'vitest';

import { formatDuration, parseDuration } from './duration.ts';

it.each([
  ['0s', 0, '0d'],
  ['90s', 90_000, '90s'],
  ['5m', 300_000, '5m'],
  ['12h', 43_200_000, '12h'],
  ['48h', 172_800_000, '2d'],
  ['7d', 604_800_000, '7d'],
  ['2w', 1_209_600_000, '14d'],
  ['36525d', 3_155_760_000_000, '36525d'],
])('[E5] %s is %d ms, told as %s', (text, milliseconds, told) => {
  expect(parseDuration(text)).toBe(milliseconds);
  expect(formatDuration(milliseconds)).toBe(told);
});

it.each([
  '',
  '7',
  'd',
  '7 d',
  '-1d',
  '1.5d',
  '1e3s',
  '7D',
  '7days',
  '7d\n',
  '٧d',
  '36526d',
  '9'.repeat(15) + 'w',
])('[E5] %j is no length of time', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
