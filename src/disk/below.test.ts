/** Directories below one that we own, whatever is done to what is in between. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

import { isStrataError, utf8 } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { Below } from './below.ts';
import { scratch } from './scratch.fixture.ts';

/** As often as a commit can wait for. */
const ROUNDS = 3000;

const path = (text: string) => text.split('/').map((name) => utf8(name));

it('[K49] goes down name by name, and makes what is missing when it is told to', () => {
  const own = scratch();
  const missing = thrownBy(() => Below.open(own, path('a/b')));
  expect(missing).toMatchObject({ code: 'path_not_found', details: { path: 'a' } });
  Below.open(own, path('a/b'), { make: true })[Symbol.dispose]();
  using below = Below.open(own, path('a/b'));
  writeFileSync(`${below.path}/file`, '');
  expect(readdirSync(join(own, 'a/b'))).toEqual(['file']);
  using itself = Below.open(own, []);
  expect([itself.place, readdirSync(itself.path)]).toEqual([`${own}/.`, ['a']]);
});

it('[K49] stays where it was opened, and its place where it stands', () => {
  const own = scratch();
  using below = Below.open(own, path('a/b'), { make: true });
  renameSync(join(own, 'a/b'), join(own, 'a/moved'));
  mkdirSync(join(own, 'a/b'));
  writeFileSync(`${below.path}/opened`, '');
  writeFileSync(`${below.place}/place`, '');
  expect([readdirSync(join(own, 'a/moved')), readdirSync(join(own, 'a/b'))]).toEqual([['opened'], ['place']]);
});

it.each(['link', 'link/below', 'dir/link', 'dir/dangling', 'file', 'file/below', 'fifo'])(
  '[K49] follows no link and enters no file: %s',
  async (name) => {
    const own = scratch();
    const outside = scratch();
    mkdirSync(join(outside, 'below'));
    mkdirSync(join(own, 'dir'));
    for (const link of ['link', 'dir/link']) symlinkSync(outside, join(own, link));
    symlinkSync(join(outside, 'new'), join(own, 'dir/dangling'));
    writeFileSync(join(own, 'file'), '');
    await once(spawn('mkfifo', [join(own, 'fifo')]), 'close');
    for (const make of [false, true])
      expect(thrownBy(() => Below.open(own, path(name), { make })).code).toBe('bad_input');
    expect(readdirSync(outside)).toEqual(['below']);
  },
);

it('[K49] a directory of ours that is gone, or a link by now, is said to be gone', () => {
  const own = join(scratch(), 'own');
  expect(thrownBy(() => Below.open(own, path('a'), { make: true })).code).toBe('path_not_found');
  const outside = scratch();
  symlinkSync(outside, own);
  expect(thrownBy(() => Below.open(own, path('a'), { make: true })).code).toBe('path_not_found');
  expect(readdirSync(outside)).toEqual([]);
  rmSync(own);
});

it('[K49] leaves no directory open, also when it fails', () => {
  const own = scratch();
  writeFileSync(join(own, 'file'), '');
  const count = () => readdirSync('/proc/self/fd').length;
  const before = count();
  for (let n = 0; n < 50; n++) {
    Below.open(own, path('a/b/c'), { make: true })[Symbol.dispose]();
    Below.open(own, [])[Symbol.dispose]();
    thrownBy(() => Below.open(own, path('a/b/no')));
    thrownBy(() => Below.open(own, path('file')));
  }
  expect(count()).toBeLessThanOrEqual(before + 1);
});

/** Puts a link to elsewhere in the place of a directory, and the directory back, as fast as it can. */
const SWAPPER = `
  const { renameSync, symlinkSync, unlinkSync } = require('node:fs');
  const [directory, outside] = process.argv.slice(1);
  console.log('swapping');
  for (;;) {
    renameSync(directory, directory + '.away');
    symlinkSync(outside, directory);
    unlinkSync(directory);
    renameSync(directory + '.away', directory);
  }
`;

it('[K49] is not led elsewhere by who swaps directories for links meanwhile', async () => {
  const own = scratch();
  const outside = scratch();
  mkdirSync(join(outside, 'target'));
  mkdirSync(join(own, 'a/target'), { recursive: true });
  const theirs = new Set([statSync(outside).ino, statSync(join(outside, 'target')).ino]);
  const child = spawn(process.execPath, ['-e', SWAPPER, join(own, 'a'), outside], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  let reached = 0;
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    try {
      using below = Below.open(own, path('a/target'));
      reached++;
      expect(theirs.has(statSync(below.path).ino)).toBe(false);
    } catch (error) {
      if (!isStrataError(error)) throw error;
      refused++;
    }
  }
  expect(child.exitCode).toBe(null);
  expect([reached, refused].every((count) => count > 0)).toBe(true);
}, 60_000);
