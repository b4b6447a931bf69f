/** What a short command loads. Held against the build, since the build decides it. */

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const base = mkdtempSync(join(tmpdir(), 'strata-start-'));
const probe = join(base, 'probe.cjs');

beforeAll(() => {
  copyFileSync('package.json', join(base, 'package.json'));
  execFileSync('rolldown', ['-c', 'rolldown.config.ts', '-d', join(base, 'dist')], { stdio: 'pipe' });
  writeFileSync(
    probe,
    "process.on('exit', () => process._rawDebug(JSON.stringify(process.moduleLoadList)));",
  );
});
afterAll(() => rmSync(base, { recursive: true }));

/** The modules of Node that were loaded for it, without `node:`. */
function loaded(...words: string[]): ReadonlySet<string> {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--require', probe, join(base, 'dist/cli/main.cjs'), ...words],
    { env: { ...process.env, STRATA_HOME: join(base, 'home') }, encoding: 'utf8' },
  );
  expect([status, stderr.startsWith('[')]).toEqual([0, true]);
  const list = JSON.parse(stderr) as readonly string[];
  return new Set(list.map((name) => name.replace('NativeModule ', '')));
}

it.each([['version'], ['--help'], ['workspaces', 'save', '--help'], ['sessions', 'create', '--help']])(
  '[C24] %s %s %s is told without what costs time to load',
  (...words) => {
    const modules = loaded(...words.filter((word) => word !== undefined));
    const dear = [
      'crypto',
      'child_process',
      'fs/promises',
      'sqlite',
      'zlib',
      'worker_threads',
      'internal/readline/interface',
    ];
    expect(dear.filter((name) => modules.has(name))).toEqual([]);
    expect(modules.size).toBeGreaterThan(20);
  },
);

it('[C24] a command that has a home to look for loads no more than it uses', () => {
  const modules = loaded('workspaces', 'list');
  const unused = ['internal/crypto/webcrypto', 'internal/readline/interface', 'repl'];
  expect(unused.filter((name) => modules.has(name))).toEqual([]);
});
