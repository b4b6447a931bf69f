/** Each row of "Bad days" in docs/guide/operations.md, done as it says, with the commands that it names. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { differences } from '../src/testing/compare-trees.ts';
import { noise } from '../src/testing/odd-tree.ts';
import { STRATA, openCommandLine } from './command-line.fixture.ts';

const PATIENCE = 120_000;
const DAY = 24 * 60 * 60 * 1000;

const { base, home, options, strata, answer, failure, write } = openCommandLine();
const path = (...names: readonly string[]) => join(base, ...names);
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Runs it, and it must end well. @returns what it printed */
function fine(...words: readonly string[]): string {
  const { status, stdout, stderr } = strata(...words);
  expect({ words, status, stderr }).toMatchObject({ status: 0 });
  return stdout;
}

function expectWhole(ref = 'web'): void {
  expect(fine('store', 'verify', '--read-data')).toContain('The store is whole');
  rmSync(path('out'), { recursive: true, force: true });
  fine('workspaces', 'restore', ref, 'out');
  expect(differences(path('tree'), path('out'))).toEqual([]);
}

function objectsOf(kind: string, store = 'store'): string[] {
  return readdirSync(path('home', store), { recursive: true, encoding: 'utf8' })
    .filter((name) => new RegExp(`^tenants/[0-9a-f]+/${kind}/.*[0-9a-f]{32}$`).test(name))
    .map((name) => path('home', store, name));
}

function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[400]! ^= 0xff;
  writeFileSync(file, bytes);
}

/** A save that waits for more than it has been given. */
async function hangingSave() {
  const child = spawn(STRATA, ['workspaces', 'import', '-', '-w', 'slow', '-v'], {
    ...options,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  // As much as tells that it is an archive.
  child.stdin.write(spawnSync('tar', ['-c', 'tree'], { cwd: base }).stdout.subarray(0, 100_000));
  child.stderr.setEncoding('utf8');
  for await (const text of child.stderr) if ((text as string).includes('announced')) break;
  return child;
}

beforeEach(() => {
  rmSync(home, { recursive: true, force: true });
  rmSync(path('tree'), { recursive: true, force: true });
  write('tree/big', noise(300_000, 1).toString('latin1'));
  write('tree/sub/a', 'a');
  fine('workspaces', 'save', 'tree', '-w', 'web');
});

const ROWS: Readonly<Record<string, () => void | Promise<void>>> = {
  'the machine crashed': async () => {
    const child = await hangingSave();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(fine('workspaces', 'list')).not.toContain('slow');
    expectWhole();
  },

  '`db/strata.db` is lost or damaged': () => {
    renameSync(join(home, 'db'), path('away'));
    expect(failure('workspaces', 'list').hint).toContain('store rebuild-index');
    fine('store', 'rebuild-index');
    expectWhole('web@1');
    writeFileSync(join(home, 'db/strata.db'), noise(20_000, 2));
    expect(failure('workspaces', 'list').code).toBe('not_ours');
    rmSync(join(home, 'db'), { recursive: true });
    fine('store', 'rebuild-index');
    expectWhole('web@1');
  },

  'an older copy of the database was put back': () => {
    cpSync(join(home, 'db'), path('old'), { recursive: true });
    write('tree/more', 'more');
    fine('workspaces', 'save', 'tree', '-w', 'web');
    rmSync(join(home, 'db'), { recursive: true });
    renameSync(path('old'), join(home, 'db'));
    for (const words of [
      ['workspaces', 'save', 'tree', '-w', 'web'],
      ['store', 'gc'],
    ])
      expect(failure(...words)).toMatchObject({ code: 'refused' });
    fine('store', 'rebuild-index');
    expectWhole('web@2');
    fine('store', 'gc');
  },

  'an older copy of the store was put back': () => {
    cpSync(join(home, 'store'), path('older'), { recursive: true });
    write('tree/more', 'more');
    fine('workspaces', 'save', 'tree', '-w', 'web');
    renameSync(join(home, 'store'), path('newer'));
    renameSync(path('older'), join(home, 'store'));
    for (const words of [
      ['workspaces', 'save', 'tree', '-w', 'web'],
      ['workspaces', 'fork', 'web', 'other'],
    ])
      expect(failure(...words)).toMatchObject({ code: 'refused', message: expect.stringContaining('web@2') });
    expect(failure('store', 'gc').code).toBe('integrity');
    const { status, stdout } = strata('store', 'verify');
    expect({ status, stdout }).toMatchObject({ status: 5, stdout: expect.stringContaining('web@2') });
    // Gone on from what is there.
    cpSync(home, path('before'), { recursive: true });
    fine('store', 'rebuild-index');
    fine('workspaces', 'save', 'tree', '-w', 'web');
    fine('store', 'gc');
    expectWhole('web');
    // What is missing, put back instead.
    rmSync(home, { recursive: true });
    renameSync(path('before'), home);
    rmSync(join(home, 'store'), { recursive: true });
    renameSync(path('newer'), join(home, 'store'));
    expectWhole('web@2');
    fine('store', 'gc');
  },

  'the whole home is lost, the store is not': () => {
    fine('keys', 'export-recovery', 'recovery');
    renameSync(join(home, 'store'), path('kept'));
    rmSync(home, { recursive: true });
    // A slip first: nothing of it stays.
    mkdirSync(path('empty'));
    const { status, stderr } = strata('store', 'attach', 'empty', '--recovery', 'recovery', '--take-over');
    expect({ status, stderr }).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('there is no store at'),
    });
    rmSync(path('empty'), { recursive: true });
    fine('store', 'attach', 'kept', '--recovery', 'recovery', '--take-over');
    expectWhole();
    fine('workspaces', 'save', 'tree', '-w', 'web');
    fine('store', 'gc', '--margin', '0');
    expectWhole('web@2');
    rmSync(path('kept'), { recursive: true });
    rmSync(path('recovery'));
  },

  'an object is damaged or missing': () => {
    const [object = ''] = objectsOf('data');
    copyFileSync(object, path('copy'));
    damage(object);
    const { status, stdout } = strata('store', 'verify', '--read-data');
    expect(status).toBe(5);
    expect(stdout).toContain('web@1:big');
    // Put back from a copy.
    copyFileSync(path('copy'), object);
    expectWhole();
    // Saved again.
    rmSync(object);
    expect(strata('store', 'verify').status).toBe(5);
    fine('workspaces', 'save', 'tree', '-w', 'web');
    expect(strata('store', 'verify').stdout).not.toContain('lost:');
    fine('store', 'gc', '--margin', '0');
    expectWhole('web@1');
    // Forgotten.
    write('tree/more', noise(100_000, 3).toString('latin1'));
    const before = new Set(objectsOf('data'));
    fine('workspaces', 'save', 'tree', '-w', 'web');
    for (const each of objectsOf('data')) if (!before.has(each)) rmSync(each);
    rmSync(path('tree/more'));
    fine('workspaces', 'save', 'tree', '-w', 'web');
    expect(strata('store', 'verify').stdout).toContain('web@3:more');
    fine('workspaces', 'forget', 'web@3');
    fine('store', 'gc', '--margin', '0');
    expectWhole();
  },

  'the index is damaged': () => {
    for (const object of objectsOf('index')) damage(object);
    expect(failure('workspaces', 'restore', 'web', 'out').code).toBe('integrity');
    fine('store', 'rebuild-index');
    expectWhole();
  },

  'a replica is damaged': () => {
    write('home/strata.yaml', 'regions: { shelf: { provider: local, local: { path: ./shelf } } }');
    fine('workspaces', 'replicate', 'web', '--to', 'shelf');
    const verify = ['store', 'verify', '--read-data', '--region', 'shelf'] as const;
    expect(fine(...verify)).toContain('The store is whole');
    const [object = ''] = objectsOf('data', 'shelf');
    damage(object);
    expect(strata(...verify).status).toBe(5);
    fine('workspaces', 'replicate', 'web', '--to', 'shelf');
    fine('store', 'gc', '--margin', '0', '--region', 'shelf');
    expect(fine(...verify)).toContain('The store is whole');
    rmSync(path('out'), { recursive: true, force: true });
    fine('workspaces', 'restore', 'web', 'out', '--region', 'shelf');
    expect(differences(path('tree'), path('out'))).toEqual([]);
  },

  'the root key is lost': () => {
    fine('keys', 'export-recovery', 'recovery');
    rmSync(join(home, 'keys/root.key'));
    expect(failure('workspaces', 'ls', 'web').code).toBe('wrong_key');
    copyFileSync(path('recovery'), join(home, 'keys/root.key'));
    expectWhole();
    rmSync(path('recovery'));
  },

  "the store's disk is not mounted": () => {
    renameSync(join(home, 'store'), path('unmounted'));
    for (const isThere of [false, true]) {
      if (isThere) mkdirSync(join(home, 'store'));
      for (const verb of [
        ['ls', 'web'],
        ['save', 'tree', '-w', 'web'],
      ])
        expect(failure('workspaces', ...verb).code).toBe('unavailable');
      if (isThere) expect(readdirSync(join(home, 'store'))).toEqual([]);
    }
    rmSync(join(home, 'store'), { recursive: true });
    renameSync(path('unmounted'), join(home, 'store'));
    expectWhole();
  },

  'the service that has the store is away': () => {
    const place = "provider: gcs, gcs: { bucket: b, endpoint: 'http://127.0.0.1:1' }";
    write('home/strata.yaml', `storage: { ${place}, limits: { retry_seconds: 1 } }\n`);
    for (const words of [
      ['restore', 'web', 'out'],
      ['save', 'tree', '-w', 'web'],
    ]) {
      const { code, message } = failure('workspaces', ...words);
      expect(code).toBe('unavailable');
      expect(message).toMatch(/GCS bucket b at http.*ECONNREFUSED.*\(tried \d+ times in \d+s\)/);
    }
    rmSync(path('home/strata.yaml'));
    expectWhole();
  },

  'a save hangs and holds up `gc`': async () => {
    const child = await hangingSave();
    fine('workspaces', 'rm', 'web');
    expect(fine('store', 'gc', '--margin', '0')).toContain('a save that began before');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(answer('store', 'gc', '--margin', '0')).toMatchObject({ waiting: [] });
    expect(objectsOf('data')).toEqual([]);
  },

  'somebody saved with the wrong clock': () => {
    const move = (by: number) => {
      using database = new DatabaseSync(join(home, 'db/strata.db'));
      database.exec(`UPDATE snapshots SET created = created + ${by}`);
    };
    move(DAY);
    expect(failure('store', 'gc')).toMatchObject({ code: 'refused' });
    fine('store', 'gc', '--accept-clock');
    expectWhole();
    move(-DAY);
    fine('store', 'gc');
    expectWhole();
  },
};

describe('bad days', () => {
  it('are those of the guide', () => {
    const page = readFileSync('docs/guide/operations.md', 'utf8');
    const rows = page.slice(page.indexOf('## Bad days')).match(/^\| .*$/gm) ?? [];
    const days = rows.map((row) => row.split('|')[1]!.trim()).filter((day) => day !== 'what happened');
    expect(days).toEqual(Object.keys(ROWS));
  });

  for (const [day, run] of Object.entries(ROWS)) it(day, run, PATIENCE);
});
