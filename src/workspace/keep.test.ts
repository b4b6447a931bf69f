import { expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { chooseToForget } from './keep.ts';
import type { KeepRules } from './keep.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = 1000 * DAY;

/** One a day, the latest now. */
const daily = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ number: at + 1, created: NOW - (count - 1 - at) * DAY }));

const forgotten = (count: number, rules: KeepRules) =>
  chooseToForget(daily(count), rules, NOW).map(({ number }) => number);

it('[W18] so many of the newest stay', () => {
  expect(forgotten(5, { keepLast: 2 })).toEqual([1, 2, 3]);
  expect(forgotten(5, { keepLast: 5 })).toEqual([]);
  expect(forgotten(5, { keepLast: 99 })).toEqual([]);
  expect(forgotten(0, { keepLast: 1 })).toEqual([]);
});

it('[W18] those that are not older stay, and the latest whatever its age', () => {
  expect(forgotten(5, { keepWithin: 2 * DAY })).toEqual([1, 2]);
  expect(forgotten(5, { keepWithin: 2 * DAY - 1 })).toEqual([1, 2, 3]);
  expect(chooseToForget([{ created: 0 }], { keepWithin: 1 }, NOW)).toEqual([]);
});

it('[W18] what any rule keeps stays', () => {
  expect(forgotten(5, { keepLast: 1, keepWithin: 2 * DAY })).toEqual([1, 2]);
  expect(forgotten(5, { keepLast: 4, keepWithin: DAY })).toEqual([1]);
});

it('[W18] a number that keeps nothing is refused', () => {
  for (const keepLast of [0, -1, 1.5, Number.NaN])
    expect(thrownBy(() => forgotten(5, { keepLast })).code).toBe('bad_input');
});
