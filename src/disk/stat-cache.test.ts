import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { concatBytes, isStrataError } from '../base/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { makeOddTree, noise } from '../testing/odd-tree.ts';
import { Remembering } from './remembering.fixture.ts';
import { restoreTree } from './restore.ts';
import { scanDirectory } from './scan.ts';
import type { ScanOptions } from './scan.ts';
import { TICK_MS } from './tick.ts';
import { scratch } from './scratch.fixture.ts';

/** What a save makes that remembers nothing. */
const afresh = async (directory: string, options: ScanOptions = {}) =>
  (await scanDirectory(directory, new MemoryContent().sink, options)).root;

const tick = () => setTimeout(TICK_MS + 10);

const PLACES = ['', 'a', 'a/b', 'a/b/c', 'a.b', 'd', 'é'];
const place = fc.constantFrom(...PLACES);
const name = fc.constantFrom('1', '2', 'a', 'b', 'ü', '.hidden');

/** Things that people and programs do to a directory. Those that cannot be done are not. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), place, name, seed: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constantFrom('append' as const, 'stealth' as const, 'touch' as const), place, name }),
  fc.record({ kind: fc.constantFrom('mode' as const, 'link' as const, 'remove' as const), place, name }),
  fc.record({ kind: fc.constant('move' as const), place, name, to: place }),
);

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function apply(base: string, what: Change): void {
  const path = join(base, what.place, what.name);
  try {
    switch (what.kind) {
      case 'write':
        mkdirSync(join(base, what.place), { recursive: true });
        return writeFileSync(path, noise(what.seed * 40_000, what.seed));
      case 'append':
        return appendFileSync(path, 'more');
      case 'stealth': {
        // Other bytes, with the size and the time of before: only the time of change tells.
        const { atime, mtime } = statSync(path);
        const bytes = readFileSync(path);
        writeFileSync(
          path,
          bytes.map((byte) => byte ^ 1),
        );
        return utimesSync(path, atime, mtime);
      }
      case 'touch':
        return utimesSync(path, 1, 1_700_000_000 + Math.random());
      case 'mode':
        return chmodSync(path, statSync(path).isDirectory() ? 0o750 : 0o600);
      case 'link':
        return symlinkSync('somewhere', path);
      case 'remove':
        return rmSync(path, { recursive: true });
      case 'move':
        return renameSync(path, join(base, what.to, what.name));
    }
  } catch {
    // There is nothing to do it to.
  }
}

describe('a save that remembers', () => {
  it('[K33] makes the tree of one that does not, whatever happens between two', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ changes: fc.array(change, { maxLength: 6 }), waits: fc.boolean() }), {
          minLength: 2,
          maxLength: 5,
        }),
        async (rounds) => {
          const base = scratch();
          for (const each of PLACES) mkdirSync(join(base, each), { recursive: true });
          for (const each of ['', 'a/b', 'd'])
            for (const file of ['1', '2', 'b'] as const)
              apply(base, { kind: 'write', place: each, name: file, seed: 2 });
          const saves = new Remembering();
          for (const { changes, waits } of rounds) {
            for (const each of changes) apply(base, each);
            if (waits) await tick();
            expect(await saves.save(base)).toEqual(await afresh(base));
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('[K34] lets go of what it met too fresh to remember, and what is gone at the next save', async () => {
    for (const where of ['', 'a']) {
      const base = scratch();
      mkdirSync(join(base, 'a'));
      for (const each of ['', 'a']) writeFileSync(join(base, each, 'old'), 'old');
      const saves = new Remembering();
      await tick();
      await saves.save(base);
      const { mtime } = statSync(join(base, where));
      writeFileSync(join(base, where, 'fresh'), 'fresh');
      symlinkSync('somewhere', join(base, where, 'fresh link'));
      // As who mirrors a directory does: then its time tells nothing.
      utimesSync(join(base, where), mtime, mtime);
      expect((await saves.save(base)).tree.summary).toMatchObject({ files: 3, symlinks: 1 });
      rmSync(join(base, where, 'fresh'));
      rmSync(join(base, where, 'fresh link'));
      utimesSync(join(base, where), mtime, mtime);
      expect(await saves.save(base)).toEqual(await afresh(base));
    }
  });

  it('[K34] lets go of a link that took the place of a file while that was read', async () => {
    const base = scratch();
    for (const each of ['a', 'b']) writeFileSync(join(base, each), each);
    await tick();
    const saves = new Remembering();
    const plain = saves.sink();
    saves.sink = () => ({
      ...plain,
      chunk(bytes) {
        rmSync(join(base, 'b'));
        symlinkSync('a', join(base, 'b'));
        return plain.chunk(bytes);
      },
    });
    expect((await saves.save(base)).tree.summary).toMatchObject({ files: 1, symlinks: 1 });
    saves.sink = () => plain;
    rmSync(join(base, 'b'));
    expect(await saves.save(base)).toEqual(await afresh(base));
  });

  it('[K33] opens nothing that is as it was, and writes nothing down', async () => {
    const base = join(scratch(), 'odd');
    makeOddTree(base);
    await tick();
    const saves = new Remembering();
    const first = await saves.save(base);
    expect(saves.read).toBeGreaterThan(10);
    expect(await saves.save(base)).toEqual(first);
    expect([saves.read, saves.wrote]).toEqual([0, false]);
    appendFileSync(join(base, 'files', 'one byte'), 'y');
    await tick();
    expect(await saves.save(base)).toEqual(await afresh(base));
    expect([saves.read, saves.wrote]).toEqual([1, true]);
    expect(await saves.save(base)).toEqual(await afresh(base));
    expect(saves.read).toBe(0);
  });

  it('[K33] reads again what the store has lost', async () => {
    const base = scratch();
    for (const file of ['a', 'b', 'c']) writeFileSync(join(base, file), noise(100_000, file.charCodeAt(0)));
    await tick();
    const saves = new Remembering();
    const root = await saves.save(base);
    const [lost] = saves.content.chunks.keys();
    saves.content.chunks.delete(lost!);
    expect(await saves.save(base)).toEqual(root);
    expect(saves.content.chunks.has(lost!)).toBe(true);
    saves.content.nodes.nodes.clear();
    expect(await saves.save(base)).toEqual(root);
    expect(saves.content.nodes.nodes.size).toBe(1);
  });

  it('[K33] keeps to other patterns', async () => {
    const base = scratch();
    for (const path of ['keep/a', 'keep/b.log', 'logs/c.log']) {
      mkdirSync(join(base, path, '..'), { recursive: true });
      writeFileSync(join(base, path), path);
    }
    await tick();
    const saves = new Remembering();
    for (const exclude of [[], ['**/*.log'], ['keep'], []])
      expect(await saves.save(base, { exclude })).toEqual(await afresh(base, { exclude }));
  });

  it('[K34] forgets what has only just changed', async () => {
    const base = scratch();
    writeFileSync(join(base, 'old'), 'old');
    await tick();
    writeFileSync(join(base, 'young'), 'young');
    const saves = new Remembering();
    // The clock of a moment ago: the file was written while the save ran.
    const now = statSync(join(base, 'young')).ctimeMs;
    await saves.save(base, { clock: () => now });
    await saves.save(base, { clock: () => now + 1000 });
    expect(saves.read).toBe(1);
    await saves.save(base, { clock: () => now + 1000 });
    expect(saves.read).toBe(0);
  });
});

describe('a restore that is remembered', () => {
  it('[K44] lets the next save open no file, in one window or in many', async () => {
    const base = join(scratch(), 'odd');
    makeOddTree(base);
    for (const each of ['b', 'b.c', 'b/a']) mkdirSync(join(base, 'order', each), { recursive: true });
    for (const each of ['a', 'b.a', 'b/z', 'b.c/q', 'z']) writeFileSync(join(base, 'order', each), each);
    await tick();
    const saves = new Remembering();
    const root = await saves.save(base);
    const window = { directories: 40, files: 7, links: 10, pieces: 9, names: 9000 };
    for (const [crew, unknown] of [
      [{}, 0],
      // Of a file that did not fit into one window nothing is known.
      [{ window }, 60],
    ] as const) {
      const parts: Uint8Array[] = [];
      const target = join(scratch(), 'target');
      const remember = (part: Uint8Array) => void parts.push(part.slice());
      const { remembered } = await restoreTree(saves.content.source, root, target, { remember, crew });
      expect(remembered).toBe(true);
      saves.records = concatBytes(parts);
      // Links are younger than files.
      await tick();
      expect(await saves.save(target)).toEqual(root);
      expect(saves.read).toBeLessThanOrEqual(unknown);
      expect(await saves.save(target)).toEqual(root);
      expect([saves.read, saves.wrote]).toEqual([0, false]);
    }
  });

  it('[K44] into a directory that stays is not', async () => {
    const base = scratch();
    mkdirSync(join(base, 'from'));
    mkdirSync(join(base, 'to'));
    writeFileSync(join(base, 'from', 'a'), 'a');
    writeFileSync(join(base, 'to', 'b'), 'b');
    const saves = new Remembering();
    const root = await saves.save(join(base, 'from'));
    const options = { overwrite: true, remember: () => {} };
    const { remembered } = await restoreTree(saves.content.source, root, join(base, 'to'), options);
    expect(remembered).toBe(false);
  });
});

describe('what is remembered and cannot be', () => {
  it('[K35] ends the save with a typed error, or is believed', async () => {
    const base = scratch();
    mkdirSync(join(base, 'a', 'b'), { recursive: true });
    for (const each of ['a/one', 'a/b/two', 'three']) writeFileSync(join(base, each), each);
    await tick();
    const saves = new Remembering();
    await saves.save(base);
    const whole = saves.records!;
    const codes = new Set<string>();
    for (let at = 0; at < whole.length; at += 3)
      for (const records of [whole.slice(0, at), whole.with(at, 0xff), whole.with(at, 0)]) {
        saves.records = records;
        // Another file, so that what is held back has to be told.
        writeFileSync(join(base, 'a', 'new'), `${at}`);
        const code = await saves.save(base).then(
          () => 'fine',
          (error: unknown) => (isStrataError(error) ? error.code : String(error)),
        );
        codes.add(code);
      }
    expect([...codes].sort()).toEqual(['fine', 'integrity']);
  }, 120_000);
});
