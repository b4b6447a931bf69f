import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';

import { systemRandom } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/odd-tree.ts';
import { openDirectory } from './at.ts';
import { restoreTree } from './restore.ts';
import { save, scratch, stagingIn } from './scratch.fixture.ts';
import type { Saved } from './scratch.fixture.ts';
import { makeStaging } from './staging.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const CONTENT = JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url));

let base: string;
let target: string;
let saved: Saved;

beforeEach(async () => {
  base = scratch();
  target = join(base, 'target');
  mkdirSync(join(base, 'from'));
  for (const directory of ['d0', 'd1', 'd2', 'd3']) {
    mkdirSync(join(base, 'from', directory));
    for (const file of ['f0', 'f1', 'f2'])
      writeFileSync(join(base, 'from', directory, file), `${directory}/${file}`);
    writeFileSync(join(base, 'from', directory, 'long'), noise(300_000, directory.charCodeAt(1)));
  }
  saved = await save(join(base, 'from'));
});

/**
 * Restores in a process of its own, that is killed before its n-th change of the disk.
 *
 * @returns how many changes it made, or undefined if it was killed
 */
function restoreAndDie(where: string, options: string, n: number): number | undefined {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    let changes = 0;
    let armed = false;
    for (const call of ['openSync', 'mkdirSync', 'writeSync', 'fchmodSync', 'renameSync', 'unlinkSync', 'rmdirSync', 'fsyncSync']) {
      const real = fs[call];
      fs[call] = (...values) => {
        if (armed && changes++ === ${n}) process.kill(process.pid, 'SIGKILL');
        return real(...values);
      };
    }
    syncBuiltinESMExports();
    const { restoreTree, scanDirectory } = await import(${ROOM});
    const { MemoryContent } = await import(${CONTENT});
    const content = new MemoryContent();
    const { root } = await scanDirectory(${JSON.stringify(join(base, 'from'))}, content.sink);
    process.chdir(${JSON.stringify(where)});
    armed = true;
    await restoreTree(content.source, root, ${JSON.stringify(target)}, ${options});
    process.stdout.write(String(changes));
  `;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module'], {
    input: script,
  });
  if (signal === 'SIGKILL') return undefined;
  expect(status, stderr.toString()).toBe(0);
  return Number(stdout.toString());
}

function prepare(kind: string): void {
  rmSync(target, { recursive: true, force: true });
  if (kind !== 'new') mkdirSync(target);
  if (kind !== 'used' && kind !== 'exact') return;
  mkdirSync(join(target, 'd3'));
  for (const name of ['f0', 'mine']) writeFileSync(join(target, 'd3', name), 'old');
  if (kind !== 'exact') return;
  for (const directory of ['d2/f0/below', 'foreign/below']) {
    mkdirSync(join(target, directory), { recursive: true });
    for (const name of ['one', 'two']) writeFileSync(join(target, directory, name), 'old');
  }
  writeFileSync(join(target, 'd1'), 'old');
}

/** Every file that can be seen is one of the tree's, or as it was before. */
function expectWholeFiles(): void {
  const files = existsSync(target) ? readdirSync(target, { recursive: true, encoding: 'utf8' }) : [];
  for (const file of files) {
    if (file.startsWith('.strata-restore-') || statSync(join(target, file)).isDirectory()) continue;
    const bytes = readFileSync(join(target, file));
    if (bytes.toString() !== 'old')
      expect(bytes.equals(readFileSync(join(base, 'from', file))), file).toBe(true);
  }
}

/** Nothing foreign goes before all of the tree is there. */
function expectAllInPlace(): void {
  const foreign = ['d3/mine', 'foreign/below/one', 'foreign/below/two'];
  if (foreign.every((path) => existsSync(join(target, path)))) return;
  for (const path of readdirSync(join(base, 'from'), { recursive: true, encoding: 'utf8' }))
    expect(existsSync(join(target, path)), path).toBe(true);
}

it.each([
  ['a new target', 'new', '{}'],
  ['an empty target that stays', 'empty', '{}'],
  ['a used target', 'used', '{ overwrite: true }'],
  ['a target that is to be exact', 'exact', "{ overwrite: 'exact', remember: () => {} }"],
])(
  '[K17] killed at any moment, the restore to %s completes when run again',
  async (_, kind, options) => {
    // In its own working directory a restore works as at a mount point.
    const where = kind === 'empty' ? target : base;
    prepare(kind);
    const changes = restoreAndDie(where, options, -1)!;
    expect(changes).toBeGreaterThan(50);
    console.log('changes', changes);
    for (let death = 0; death < changes; death++) {
      prepare(kind);
      expect(restoreAndDie(where, options, death)).toBe(undefined);
      expectWholeFiles();
      if (kind === 'exact') expectAllInPlace();
      // What died after its last file had come, and was swept up, has nothing left to complete.
      const done = kind === 'empty' && stagingIn(target).length === 0 && existsSync(join(target, 'd0'));
      const overwrite =
        kind === 'exact' ? 'exact' : kind === 'used' || done || (kind === 'new' && existsSync(target));
      await restoreTree(saved.content.source, saved.root, target, { overwrite });
      rmSync(join(target, 'd3', 'mine'), { force: true });
      const ours = (line: string) => kind !== 'used' || !line.startsWith('"d3":');
      expect(differences(join(base, 'from'), target).filter(ours)).toEqual([]);
      expect([...stagingIn(base), ...stagingIn(target)]).toEqual([]);
    }
  },
  3_000_000,
);

it('[K17] another restore does not go on where one died', async () => {
  prepare('empty');
  const changes = restoreAndDie(target, '{}', -1)!;
  let n = changes - 1;
  // Backwards from the end, to a moment between the first file's appearing and the last.
  do {
    prepare('empty');
    restoreAndDie(target, '{}', n--);
  } while (!existsSync(join(target, '.')) || !isHalfDone());
  writeFileSync(join(base, 'from', 'more'), 'x');
  const other = await save(join(base, 'from'));
  await expectCode('target_not_empty', restoreTree(other.content.source, other.root, target));
  expect(isHalfDone()).toBe(true);
  await restoreTree(saved.content.source, saved.root, target);
  expect(stagingIn(target)).toEqual([]);
}, 3_000_000);

function isHalfDone(): boolean {
  const seen = readdirSync(target).filter((name) => name.startsWith('d')).length;
  return seen > 0 && seen < 4 && stagingIn(target).length === 1;
}

it('[K17] what another living process stages is not swept, and not written into', async () => {
  mkdirSync(target);
  const child = spawn('sleep', ['60']);
  const fd = openDirectory(target);
  const mine = makeStaging(fd, systemRandom).toString();
  const start = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')[19]!;
  const theirs = mine.replace(`${process.pid}-${start(process.pid)}`, `${child.pid}-${start(child.pid!)}`);
  renameSync(join(target, mine), join(target, theirs));
  await expectCode('refused', restoreTree(saved.content.source, saved.root, target, { overwrite: true }));
  expect(readdirSync(target)).toEqual([theirs]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await restoreTree(saved.content.source, saved.root, target);
  expect(differences(join(base, 'from'), target)).toEqual([]);
});
