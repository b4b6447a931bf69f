import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { readGrowing } from './growing-file.ts';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'strata-growing-'));
  path = join(directory, 'file');
});
afterEach(() => rmSync(directory, { recursive: true }));

it('[B23] what is written while its end is asked for is read', async () => {
  writeFileSync(path, 'one ');
  const parts: string[] = [];
  let looks = 0;
  const goesOn = () => {
    appendFileSync(path, `${++looks} `);
    return looks < 3;
  };
  for await (const bytes of readGrowing(path, { goesOn, every: 1 }))
    parts.push(Buffer.from(bytes).toString());
  expect(parts).toEqual(['one ', '1 ', '2 ', '3 ']);
});

it('[B23] what was given out stays as it was', async () => {
  writeFileSync(path, Buffer.alloc(200_000, 'a'));
  const parts: Uint8Array[] = [];
  for await (const bytes of readGrowing(path, { goesOn: () => false, every: 1 })) parts.push(bytes);
  appendFileSync(path, 'b');
  expect(Buffer.concat(parts).equals(Buffer.alloc(200_000, 'a'))).toBe(true);
});

it('[B23] an abort ends the waiting', async () => {
  writeFileSync(path, '');
  const stop = new AbortController();
  const reading = readGrowing(path, { goesOn: () => true, every: 60_000, signal: stop.signal }).next();
  setTimeout(() => stop.abort(new Error('no more')), 20);
  await expect(reading).rejects.toThrow('abort');
});
