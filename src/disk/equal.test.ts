/** What restores and saves of tasks ask of the disk beside what others do: nothing is replaced, and not all is saved. */

import { chmodSync, lutimesSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';

import { displayPath, walk } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import type { Saved } from './scratch.fixture.ts';
import { save, scratch, state } from './scratch.fixture.ts';

let base: string;
let saved: Saved;
beforeEach(async () => {
  base = scratch();
  const from = join(base, 'from');
  mkdirSync(join(from, 'd'), { recursive: true });
  writeFileSync(join(from, 'd/f'), 'text');
  writeFileSync(join(from, 'g'), 'other');
  symlinkSync('d/f', join(from, 'link'));
  saved = await save(from);
});

const restore = (target: string) =>
  restoreTree(saved.content.source, saved.root, target, { overwrite: 'equal' });

it('[K50] what is equal stays as it is, whatever its times, and what else is there stays', async () => {
  const target = join(base, 'to');
  mkdirSync(join(target, 'd'), { recursive: true });
  writeFileSync(join(target, 'd/f'), 'text');
  writeFileSync(join(target, 'd/mine'), 'mine');
  symlinkSync('d/f', join(target, 'link'));
  for (const name of ['d/f', 'link']) lutimesSync(join(target, name), 1, 1);
  const before = state(join(target, 'd')).split('\n').slice(1);
  const { plan } = await restore(target);
  expect([plan.added.count, plan.replaced.count]).toEqual([1, 0]);
  expect(readFileSync(join(target, 'g'), 'utf8')).toBe('other');
  expect(state(join(target, 'd')).split('\n').slice(1)).toEqual(before);
  const whole = state(target);
  expect((await restore(target)).plan).toMatchObject({ added: { count: 0 }, replaced: { count: 0 } });
  expect(state(target)).toBe(whole);
});

it.each<[string, (target: string) => void, string]>([
  ['other bytes', (target) => writeFileSync(join(target, 'g'), 'OTHER'), 'g'],
  ['another length', (target) => writeFileSync(join(target, 'g'), 'othe'), 'g'],
  [
    'another mode',
    (target) => (writeFileSync(join(target, 'g'), 'other'), chmodSync(join(target, 'g'), 0o600)),
    'g',
  ],
  ['another kind', (target) => symlinkSync('other', join(target, 'g')), 'g'],
  ['another link', (target) => symlinkSync('d', join(target, 'link')), 'link'],
  ['a directory', (target) => mkdirSync(join(target, 'g')), 'g'],
  ['no directory', (target) => writeFileSync(join(target, 'd'), ''), 'd'],
])('[K50] %s is a conflict with the path, and nothing is written', async (_, put, path) => {
  const target = join(base, 'to');
  mkdirSync(target);
  put(target);
  const before = state(target);
  await expect(restore(target)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`already on disk at ${path}`),
    details: { count: 1, paths: [path] },
  });
  expect(state(target)).toBe(before);
});

it('[K51] a save has what is chosen; nothing is read of what is not, nor told of it', async () => {
  const from = join(base, 'from');
  mkdirSync(join(from, 'no/deep'), { recursive: true });
  writeFileSync(join(from, 'no/deep/f'), '');
  const asked: string[] = [];
  const lines: string[] = [];
  const { content, root } = await save(from, {
    select: (path, isDirectory) => {
      asked.push(path);
      return path === 'd'
        ? 'enter'
        : path === 'd/f' || path === 'link'
          ? 'all'
          : isDirectory
            ? 'none'
            : 'none';
    },
    warn: (line) => lines.push(line),
  });
  const paths: string[] = [];
  for await (const { path } of walk(content.source, root.tree)) paths.push(displayPath(path));
  expect(paths.sort()).toEqual(['d', 'd/f', 'link']);
  expect(asked.sort()).toEqual(['d', 'd/f', 'g', 'link', 'no']);
  expect([content.chunks.size, lines]).toEqual([1, []]);
});
