import {
  appendFileSync,
  closeSync,
  lstatSync,
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
import { beforeEach, expect, it, onTestFinished } from 'vitest';

import { concatBytes, isStrataError } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { makeOddTree, noise } from '../testing/odd-tree.ts';
import { runScript } from '../testing/script.ts';
import { walk } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';
import { openDirectory } from './at.ts';
import { differsFromTree } from './differs.ts';
import { ExactMemory } from './exact-memory.ts';
import { Remembering } from './remembering.fixture.ts';
import { restoreTree } from './restore.ts';
import { scanDirectory } from './scan.ts';
import { scratch } from './scratch.fixture.ts';
import { Sightings } from './sightings.ts';
import { TICK_MS } from './tick.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const FIXTURE = JSON.stringify(new URL('./remembering.fixture.ts', import.meta.url));

const exact = { overwrite: 'exact' } as const;
const tick = () => setTimeout(TICK_MS + 10);
const afresh = async (directory: string) => (await scanDirectory(directory, new MemoryContent().sink)).root;

/** Other bytes, with the size and the time of before: only the time of change tells. */
function changeByStealth(path: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(
    path,
    readFileSync(path).map((byte) => byte ^ 1),
  );
  utimesSync(path, atime, mtime);
}

it('[K55] a file that was changed in the tick in which it was moved is not believed', async () => {
  const parts: Uint8Array[] = [];
  const sightings = new Sightings();
  const { source } = saves.content;
  const memory = new ExactMemory(source, first, sightings, (part) => void parts.push(part.slice()));
  sightings.begin();
  const fd = openDirectory(base);
  onTestFinished(() => closeSync(fd));
  const written = lstatSync(join(base, 'three'));
  appendFileSync(join(base, 'three'), 'more');
  for await (const { path, entry } of walk(source, first.tree)) {
    if (path.length > 1) continue;
    if (entry.kind === 'symlink') memory.link();
    if (entry.kind === 'directory') {
      // Nothing is known of what is in it.
      memory.enter(entry);
      memory.link();
      memory.leave(entry);
    }
    if (entry.kind !== 'file') continue;
    sightings.see(written);
    // Its time of change is that of its move.
    sightings.onMoved(lstatSync(join(base, 'three')));
    await memory.file(entry, fd);
  }
  await memory.finish();
  saves.records = concatBytes(parts);
  expect(await saves.save(base)).toEqual(await afresh(base));
});

let base: string;
let saves: Remembering;
let first: Root;

/** d/one, d/two, d/long, three, link; saved once, and remembered. */
beforeEach(async () => {
  base = join(scratch(), 'tree');
  mkdirSync(join(base, 'd', 'e'), { recursive: true });
  for (const path of ['d/one', 'd/two', 'd/e/four', 'three']) writeFileSync(join(base, path), path);
  writeFileSync(join(base, 'd', 'long'), noise(2_000_000));
  symlinkSync('three', join(base, 'link'));
  await tick();
  saves = new Remembering();
  first = await saves.save(base);
});

it('[K55] the next save opens no file: neither one that was left alone nor one that was written', async () => {
  writeFileSync(join(base, 'd', 'one'), 'changed');
  rmSync(join(base, 'd', 'e'), { recursive: true });
  mkdirSync(join(base, 'foreign'));
  writeFileSync(join(base, 'foreign', 'x'), 'x');
  await tick();
  await saves.save(base);
  const { plan, remembered } = await saves.restore(base, first, exact);
  expect(plan).toMatchObject({
    added: { count: 2 },
    replaced: { count: 1 },
    removed: { count: 2 },
    unchanged: 5,
  });
  expect(remembered).toBe(true);
  expect(await saves.save(base)).toEqual(first);
  expect(saves.read).toBe(0);
  await saves.save(base);
  expect([saves.read, saves.wrote]).toEqual([0, false]);
  appendFileSync(join(base, 'd', 'two'), 'more');
  await tick();
  expect(await saves.save(base)).toEqual(await afresh(base));
  expect(saves.read).toBe(1);
});

it('[K55] where nothing is told of it, what was left alone is still known from before', async () => {
  writeFileSync(join(base, 'd', 'one'), 'changed');
  await tick();
  await restoreTree(saves.content.source, first, base, exact);
  await tick();
  expect(await saves.save(base)).toEqual(first);
  expect(saves.read).toBe(1);
});

it('[K55] not even empty files are opened', () => {
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    let opened = 0;
    const real = fs.openSync;
    fs.openSync = (path, flags, ...rest) => {
      const isFile = String(path).startsWith('/proc/self/fd/') && (flags & fs.constants.O_DIRECTORY) === 0;
      if (isFile) opened++;
      return real(path, flags, ...rest);
    };
    syncBuiltinESMExports();
    const { differsFromTree } = await import(${ROOM});
    const { Remembering } = await import(${FIXTURE});
    const base = ${JSON.stringify(base)};
    for (let file = 0; file < 50; file++) fs.writeFileSync(base + '/empty' + file, '');
    const tick = () => new Promise((resolve) => setTimeout(resolve, 50));
    await tick();
    const saves = new Remembering();
    const root = await saves.save(base);
    const count = async (work) => {
      const before = opened;
      await work();
      console.log(opened - before);
    };
    fs.writeFileSync(base + '/empty7', 'not');
    fs.rmSync(base + '/empty8');
    await tick();
    const known = saves.records;
    await count(() => saves.restore(base, root, { overwrite: 'exact', known }));
    await count(() => saves.save(base));
    await count(() => differsFromTree(saves.content.source, root, base, { known: saves.records }));
    await count(() => differsFromTree(saves.content.source, root, base));
  `;
  // Of the first, two are those that it writes.
  expect(runScript(script)).toBe('2\n0\n0\n55\n');
});

it('[K55] what changes while it is restored, or right after, is not believed', async () => {
  for (const what of ['left alone', 'written', 'moved with its directory', 'a whole directory']) {
    writeFileSync(join(base, 'd', 'one'), 'changed');
    rmSync(join(base, 'd', 'e'), { recursive: true, force: true });
    await tick();
    const { source } = saves.content;
    const chunk: typeof source.chunk = async (id) => {
      // Files were compared by now.
      if (what === 'left alone') changeByStealth(join(base, 'd', 'two'));
      if (
        what === 'a whole directory' &&
        statSync(join(base, 'away'), { throwIfNoEntry: false }) === undefined
      ) {
        mkdirSync(join(base, 'away'));
        for (const name of ['one', 'two', 'long']) {
          writeFileSync(
            join(base, 'away', name),
            readFileSync(join(base, 'd', name)).map((byte) => byte ^ 1),
          );
          const { atime, mtime } = statSync(join(base, 'd', name));
          utimesSync(join(base, 'away', name), atime, mtime);
        }
        rmSync(join(base, 'd'), { recursive: true });
        renameSync(join(base, 'away'), join(base, 'd'));
      }
      return source.chunk(id);
    };
    const parts: Uint8Array[] = [];
    const remember = (part: Uint8Array) => void parts.push(part.slice());
    await restoreTree({ ...source, chunk }, first, base, { ...exact, remember });
    saves.records = Buffer.concat(parts);
    if (what === 'written') changeByStealth(join(base, 'd', 'one'));
    if (what === 'moved with its directory') changeByStealth(join(base, 'd', 'e', 'four'));
    expect(await saves.save(base), what).toEqual(await afresh(base));
    await restoreTree(source, first, base, exact);
  }
});

it('[K55] in windows, all but what was in more than one is known', async () => {
  const odd = join(scratch(), 'odd');
  makeOddTree(odd);
  const root = await new Remembering().save(odd);
  const all = new Remembering();
  expect(await all.save(odd)).toEqual(root);
  const window = { directories: 40, files: 7, links: 10, pieces: 9, names: 9000 };
  const { remembered } = await all.restore(base, root, { ...exact, crew: { window } });
  expect(remembered).toBe(true);
  expect(differences(odd, base)).toEqual([]);
  expect(await all.save(base)).toEqual(root);
  // Of a file that did not fit into one window nothing is known.
  expect(all.read).toBeLessThanOrEqual(60);
}, 120_000);

it('[K56] what is known of files spares reading them, and the result is the same', async () => {
  changeByStealth(join(base, 'd', 'two'));
  writeFileSync(join(base, 'd', 'one'), 'changed');
  const known = saves.records;
  const { plan } = await saves.restore(base, first, { ...exact, known });
  expect(plan).toMatchObject({ replaced: { count: 2 }, unchanged: 6 });
  expect(await afresh(base)).toEqual(first);
  // Of another tree, or of nothing.
  for (const records of [new Uint8Array(0), saves.records]) {
    const other = join(scratch(), 'other');
    mkdirSync(join(other, 'd', 'two'), { recursive: true });
    await restoreTree(saves.content.source, first, other, { ...exact, known: records });
    expect(differences(base, other)).toEqual([]);
  }
});

it('[K35] [K56] what is remembered and cannot be is a typed error, or is believed', async () => {
  const codes = new Set<string>();
  const whole = saves.records!;
  const { source } = saves.content;
  for (let at = 0; at < whole.length; at += 11)
    for (const known of [whole.slice(0, at), whole.with(at, 0xff), whole.with(at, 0)]) {
      const code = await differsFromTree(source, first, base, { known }).then(
        () => 'fine',
        (error: unknown) => (isStrataError(error) ? error.code : String(error)),
      );
      codes.add(code);
    }
  expect([...codes].sort()).toEqual(['fine', 'integrity']);
}, 120_000);
