import { expect, it } from 'vitest';

import { nearNames } from './near.ts';

const CANDIDATES = ['provider', 'prefix', 'path', 'min', 'max', 'default', 'my-app', 'my-api', 'MY-APE'];

it.each([
  ['provdier', ['provider']],
  ['Provider', ['provider']],
  ['mni', ['min']],
  ['mix', ['min', 'max']],
  ['defalt', ['default']],
  ['my-ap', ['my-app', 'my-api', 'MY-APE']],
  ['elsewhere', []],
  ['', []],
])('[B9] near %j: %j', (name, near) => {
  expect(nearNames(name, CANDIDATES)).toEqual(near);
});
