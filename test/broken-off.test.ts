/** A save that is killed in the middle, by the command, and the same save again. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';

import { differences } from '../src/testing/compare-trees.ts';
import { noise } from '../src/testing/noise.ts';
import { STRATA, openCommandLine } from './command-line.fixture.ts';

const MIB = 1024 * 1024;
/** Six packs, and threads to make them. */
const FILES = 200;

const { base, home, options, answer, strata } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

const SAVE = ['workspaces', 'save', 'tree', '-w', 'web'];

/** Stored bytes of the packs of file data, by name. */
function packs(): ReadonlyMap<string, number> {
  const store = join(home, 'store');
  const found = readdirSync(store, { recursive: true, encoding: 'utf8' });
  const names = found.filter((name) => /^tenants\/.*\/data\/.*[0-9a-f]{32}$/.test(name));
  return new Map(names.map((name) => [name, statSync(join(store, name)).size]));
}

const sum = (sizes: Iterable<number>) => [...sizes].reduce((total, size) => total + size, 0);

/** Saves, and kills that when so many packs are stored. @returns their names */
async function killedSave(count: number): Promise<string[]> {
  const child = spawn(STRATA, [...SAVE, '-v'], { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    if ([...told.matchAll(/\/data\/\S+ stored/g)].length >= count) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [unknown, string | null];
  expect({ signal, told }).toMatchObject({ signal: 'SIGKILL' });
  return [...told.matchAll(/pack (\S+\/data\/\S+) stored/g)].map((match) => match[1]!);
}

it(
  '[V42] stores what was missing, after SIGKILL, and keeps what was there',
  { timeout: 120_000 },
  async () => {
    mkdirSync(join(base, 'tree'));
    for (let at = 0; at < FILES; at++) writeFileSync(join(base, 'tree', `${at}`), noise(`${at}`, MIB));
    const sent = [...(await killedSave(2)), ...(await killedSave(1))];
    expect(new Set(sent).size).toBeGreaterThanOrEqual(3);
    const before = packs();
    const known = sum(sent.map((name) => before.get(name)!));
    const { storedBytes } = answer(...SAVE) as { storedBytes: number };
    // Beside file data: nodes, and an index segment with a row of 36 bytes for each chunk.
    expect(storedBytes).toBeLessThan(FILES * MIB - known + 2 * MIB);
    strata('store', 'gc', '--margin', '0');
    const after = packs();
    expect(sent.filter((name) => !after.has(name))).toEqual([]);
    expect(sum(after.values())).toBeLessThan(FILES * MIB + 2 * MIB);
    expect(answer('store', 'verify', '--read-data')).toMatchObject({ ok: true, problems: [] });
    expect(strata('workspaces', 'restore', 'web', 'out').status).toBe(0);
    expect(differences(join(base, 'tree'), join(base, 'out'))).toEqual([]);
    const database = new DatabaseSync(join(home, 'db/strata.db'), { readOnly: true });
    expect(database.prepare('SELECT * FROM sent_packs').all()).toEqual([]);
    database.close();
  },
);
