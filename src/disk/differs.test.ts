import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { runScript } from '../testing/script.ts';
import type { Root } from '../tree/index.ts';
import { differsFromTree } from './differs.ts';
import { Remembering } from './remembering.fixture.ts';
import { TICK_MS } from './tick.ts';
import { scratch, state } from './scratch.fixture.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const CONTENT = JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url));

let base: string;
let saves: Remembering;
let root: Root;

beforeEach(async () => {
  base = join(scratch(), 'tree');
  mkdirSync(join(base, 'd', 'e'), { recursive: true });
  for (const path of ['d/f', 'd/e/g', 'h']) writeFileSync(join(base, path), path);
  symlinkSync('h', join(base, 'link'));
  await setTimeout(TICK_MS + 10);
  saves = new Remembering();
  root = await saves.save(base);
});

const differs = async () => {
  const before = state(base);
  const [known, unknown] = [saves.records, undefined].map((records) =>
    differsFromTree(saves.content.source, root, base, { known: records }),
  );
  expect(await known).toBe(await unknown);
  expect(state(base)).toBe(before);
  return known;
};

it.each<[string, (base: string) => void]>([
  ['nothing', () => {}],
  [
    'the times of files, links and directories',
    (at) => {
      for (const path of ['d', 'd/f', 'link', 'h', '.']) lutimesSync(join(at, path), 1, 1);
    },
  ],
  [
    'a file that was written anew as it was',
    (at) => {
      unlinkSync(join(at, 'h'));
      writeFileSync(join(at, 'h'), 'h');
    },
  ],
])('[K57] a directory is as its tree if what changed is: %s', async (_, change) => {
  change(base);
  expect(await differs()).toBe(false);
});

it.each<[string, (base: string) => void]>([
  ['a file more', (at) => writeFileSync(join(at, 'd', 'e', 'new'), '')],
  ['a directory more', (at) => mkdirSync(join(at, 'd', 'new'))],
  ['a link more', (at) => symlinkSync('h', join(at, 'new'))],
  ['a FIFO more', (at) => spawnSync('mkfifo', [join(at, 'new')])],
  ['a file less', (at) => unlinkSync(join(at, 'd', 'e', 'g'))],
  ['a directory less', (at) => rmSync(join(at, 'd', 'e'), { recursive: true })],
  ['a link less', (at) => unlinkSync(join(at, 'link'))],
  ['a name', (at) => renameSync(join(at, 'h'), join(at, 'i'))],
  ['a length', (at) => writeFileSync(join(at, 'd', 'f'), 'longer')],
  ['content', (at) => writeFileSync(join(at, 'd', 'f'), 'D/F')],
  [
    'content by stealth',
    (at) => {
      const { atime, mtime } = statSync(join(at, 'd', 'f'));
      writeFileSync(
        join(at, 'd', 'f'),
        readFileSync(join(at, 'd', 'f')).map((byte) => byte ^ 1),
      );
      utimesSync(join(at, 'd', 'f'), atime, mtime);
    },
  ],
  ['the mode of a file', (at) => chmodSync(join(at, 'h'), 0o600)],
  ['the mode of a directory', (at) => chmodSync(join(at, 'd', 'e'), 0o700)],
  ['its own mode', (at) => chmodSync(at, 0o700)],
  [
    'where a link leads',
    (at) => {
      unlinkSync(join(at, 'link'));
      symlinkSync('d', join(at, 'link'));
    },
  ],
  [
    'a file that is a link now',
    (at) => {
      unlinkSync(join(at, 'h'));
      symlinkSync('d/f', join(at, 'h'));
    },
  ],
  [
    'a directory that is a file now',
    (at) => {
      rmSync(join(at, 'd', 'e'), { recursive: true });
      writeFileSync(join(at, 'd', 'e'), '');
    },
  ],
  [
    'a directory that is a link to one now',
    (at) => {
      renameSync(join(at, 'd', 'e'), join(at, '..', 'e'));
      symlinkSync(join(at, '..', 'e'), join(at, 'd', 'e'));
    },
  ],
])('[K57] it differs if what changed is: %s', async (_, change) => {
  change(base);
  expect(await differs()).toBe(true);
});

it('[K57] what is off limits does not count', async () => {
  mkdirSync(join(base, 'd', 'store'));
  writeFileSync(join(base, 'd', 'store', 'x'), 'x');
  const { source } = saves.content;
  expect(await differsFromTree(source, root, base, { offLimits: [join(base, 'd', 'store')] })).toBe(false);
  expect(await differsFromTree(source, root, base)).toBe(true);
});

it('[K57] a directory that is not there is said so, and damage too', async () => {
  await expectCode('not_found', differsFromTree(saves.content.source, root, join(base, 'none')));
  await expectCode('bad_input', differsFromTree(saves.content.source, root, join(base, 'h')));
  await expectCode(
    'cancelled',
    differsFromTree(saves.content.source, root, base, { signal: AbortSignal.abort() }),
  );
  saves.content.nodes.nodes.clear();
  await expectCode('integrity', differsFromTree(saves.content.source, root, base));
});

describeWith(['user'], 'what may not be looked at', () => {
  it('[K57] is taken for a difference', () => {
    chmodSync(join(base, '..'), 0o755);
    const script = (path: string) => `
      import { chmodSync } from 'node:fs';
      import { differsFromTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      chmodSync(${JSON.stringify(join(base, path))}, 0);
      const { root } = await scanDirectory(${JSON.stringify(base)}, content.sink);
      process.setgroups([]);
      process.setgid(65534);
      process.setuid(65534);
      console.log(await differsFromTree(content.source, root, ${JSON.stringify(base)}));
    `;
    for (const path of ['d/e', 'h']) expect(runScript(script(path))).toBe('true\n');
  });
});
