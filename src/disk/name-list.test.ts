import { mkdirSync, openSync, closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { manyNamesIn, namesIn } from './at.ts';
import { NameList } from './name-list.ts';
import { scratch } from './scratch.fixture.ts';

const all = (names: { at(index: number): string | undefined }) => {
  const found: string[] = [];
  for (let name = names.at(0); name !== undefined; name = names.at(found.length)) found.push(name);
  return found;
};

it('[K48] the names of a large directory come in the order of their bytes', () => {
  const name = fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'));
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 60 }), (names) => {
      const list = new NameList();
      for (const each of names) list.add(each);
      expect(all(list.sort())).toEqual(names.toSorted());
    }),
  );
  const many = Array.from({ length: 40_000 }, (_, at) => `name ${(at * 7919) % 40_009}`);
  const list = new NameList();
  for (const each of many) list.add(each);
  expect(all(list.sort())).toEqual(many.toSorted());
});

it('[K48] they are the same however many there are', () => {
  const place = join(scratch(), 'large');
  mkdirSync(place);
  // Long names make a directory large with few of them.
  for (let at = 0; at < 5000; at++) writeFileSync(join(place, `${at}`.padEnd(240, '-')), '');
  const fd = openSync(place, 'r');
  try {
    expect(all(manyNamesIn(fd))).toEqual(namesIn(fd));
  } finally {
    closeSync(fd);
  }
});
