import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { AS_NOBODY, onSmallDisk, runScript } from '../testing/script.ts';
import { databaseContract, tenant, tenantNames } from './database.contract.ts';
import { checkSqlite, openSqlite } from './sqlite.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-db-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, `place-${count++}`, 'strata.db');

const WRITER = join(import.meta.dirname, 'writer.fixture.ts');
const writer = (...words: readonly string[]) =>
  spawn(process.execPath, [WRITER, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });

/** @returns what it said on stderr */
async function ended(child: ReturnType<typeof writer>): Promise<string> {
  return Buffer.concat(await child.stderr.toArray()).toString();
}

async function place(): Promise<string> {
  const path = fresh();
  await using db = await openSqlite(path);
  await db.kysely.insertInto('tenants').values(tenant('a')).execute();
  return path;
}

/** A file, and what stands beside it. */
function contents(path: string): Record<string, string> {
  const directory = join(path, '..');
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'hex')]),
  );
}

databaseContract('SQLite', () => {
  const path = fresh();
  return () => openSqlite(path);
});

describe('SQLite and other processes', () => {
  it('[D8] lose no update', async () => {
    const path = await place();
    const said = await Promise.all([1, 2, 3].map(() => ended(writer(path, 'count', '40'))));
    expect(said).toEqual(['', '', '']);
    await using db = await openSqlite(path);
    const row = await db.kysely.selectFrom('tenants').select('key_seq').executeTakeFirstOrThrow();
    expect(row.key_seq).toBe(120);
  });

  it('[D8] wait for a transaction that takes longer than a statement waits', async () => {
    const path = await place();
    await using db = await openSqlite(path);
    const other = await db.transaction(async (tx) => {
      const child = ended(writer(path, 'count', '1'));
      await new Promise((resolve) => setTimeout(resolve, 800));
      await tx.updateTable('tenants').set({ key_seq: 10 }).execute();
      return { child };
    });
    expect(await other.child).toBe('');
    const row = await db.kysely.selectFrom('tenants').select('key_seq').executeTakeFirstOrThrow();
    expect(row.key_seq).toBe(11);
  });

  it('[D9] a process killed in a transaction leaves the old state', async () => {
    const path = await place();
    const child = writer(path, 'hang');
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using db = await openSqlite(path);
    expect(await tenantNames(db)).toEqual(['a']);
    await db.transaction(async (tx) => tx.insertInto('tenants').values(tenant('b')).execute());
    expect(await tenantNames(db)).toEqual(['a', 'b']);
  });

  it('[D12] make a new database together', async () => {
    const path = fresh();
    const said = await Promise.all([1, 2, 3, 4].map(() => ended(writer(path, 'count', '0'))));
    expect(said).toEqual(['', '', '', '']);
    await using db = await openSqlite(path);
    expect(await tenantNames(db)).toEqual([]);
  });
});

describe('SQLite files', () => {
  const FOREIGN: Record<string, (path: string) => void> = {
    'a text file': (path) => writeFileSync(path, 'Dear diary, '.repeat(100)),
    'a short file': (path) => writeFileSync(path, 'x'),
    'a database of another program': (path) => {
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE diary (day TEXT); INSERT INTO diary VALUES (1)');
      other.close();
    },
    'a database of another program, in use': (path) => {
      const other = new DatabaseSync(path);
      other.exec('PRAGMA journal_mode = WAL; PRAGMA application_id = 7; CREATE TABLE tenants (id TEXT)');
      kept.push(other);
    },
  };
  const kept: DatabaseSync[] = [];
  afterAll(() => kept.forEach((other) => other.close()));

  it.each(Object.keys(FOREIGN))('[D10] %s is not ours', async (kind) => {
    const path = fresh();
    mkdirSync(join(path, '..'));
    FOREIGN[kind]?.(path);
    const before = contents(path);
    await expectCode('not_ours', openSqlite(path));
    expect(contents(path)).toEqual(before);
  });

  it('[D10] a directory is no database', async () => {
    await expectCode('bad_input', openSqlite(base));
  });

  it('[D10] an empty file becomes a database, also one that its maker left so', async () => {
    const path = fresh();
    mkdirSync(join(path, '..'));
    writeFileSync(path, '');
    await using db = await openSqlite(path);
    expect(await tenantNames(db)).toEqual([]);
  });

  it('[D10] one whose maker died before the tables were made is ours', async () => {
    const path = fresh();
    mkdirSync(join(path, '..'));
    const half = new DatabaseSync(path);
    half.exec(`PRAGMA application_id = ${0x53545241}`);
    half.close();
    await using db = await openSqlite(path);
    expect(await tenantNames(db)).toEqual([]);
  });

  it('[D11] a newer version is refused, and nothing changes', async () => {
    const path = await place();
    {
      await using db = await openSqlite(path);
      await db.kysely.insertInto('migrations').values({ number: 99, applied: 0 }).execute();
    }
    const before = contents(path);
    await expectCode('unsupported_format', openSqlite(path));
    expect(contents(path)).toEqual(before);
  });

  it('[D13] only the owner sees anything, whatever the umask', async () => {
    const path = fresh();
    const before = process.umask(0);
    try {
      await using db = await openSqlite(path);
      await db.kysely.insertInto('tenants').values(tenant('a')).execute();
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
      expect(readdirSync(join(path, '..')).sort()).toEqual(['strata.db', 'strata.db-shm', 'strata.db-wal']);
      for (const name of readdirSync(join(path, '..')))
        expect(statSync(join(path, '..', name)).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(before);
    }
  });

  it('[D14] commits are durable and references hold', async () => {
    await using db = await openSqlite(await place());
    const ask = async (pragma: string) =>
      Object.values((await sql.raw(`PRAGMA ${pragma}`).execute(db.kysely)).rows[0] ?? {})[0];
    expect(await ask('journal_mode')).toBe('wal');
    expect(await ask('synchronous')).toBe(2);
    expect(await ask('foreign_keys')).toBe(1);
    const orphan = { id: 'w', tenant: 'nobody', name: 'main', created: 0, seq: 0, fence: 0 };
    await expectCode('internal', db.kysely.insertInto('workspaces').values(orphan).execute());
  });

  it('[D18] a number that no program of ours has written is damage', async () => {
    const path = await place();
    const native = new DatabaseSync(path);
    native.exec(
      "DELETE FROM tenants; INSERT INTO tenants VALUES ('a', 'default', 'a', 9007199254740993, 1, 1), ('b', 'default', 'b', 9223372036854775807, 1, 1)",
    );
    native.close();
    await using db = await openSqlite(path);
    await expectCode(
      'integrity',
      db.kysely.selectFrom('tenants').selectAll().where('id', '=', 'a').execute(),
    );
    await expectCode(
      'integrity',
      db.kysely
        .updateTable('tenants')
        .set(({ eb }) => ({ key_seq: eb('key_seq', '+', 1) }))
        .where('id', '=', 'b')
        .execute(),
    );
  });

  it('[D14] a column holds the type that it has', async () => {
    await using db = await openSqlite(await place());
    await expectCode('internal', sql`UPDATE tenants SET created = 'yesterday'`.execute(db.kysely));
  });

  it.each([
    ['3.51.3', true],
    ['3.51.2', false],
    ['3.52.0', true],
    ['3.50.9', false],
    ['4.0.0', true],
    ['2.99.99', false],
  ])('[D16] SQLite %s is good enough: %s', (version, good) => {
    const check = () => checkSqlite(version);
    if (good) expect(check).not.toThrow();
    else expect(check).toThrow('too old');
  });
});

describeWith(['mounts'], 'SQLite on a small disk', () => {
  it('[D15] a full disk is told, and the old state stays; a read-only one has no room for a new database', async () => {
    const path = fresh();
    mkdirSync(join(path, '..'));
    const program = `
      import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, 'sqlite.ts'))};
      import { execFileSync } from 'node:child_process';
      const mount = ${JSON.stringify(join(path, '..'))};
      const code = (promise) => promise.then(() => 'done', (error) => error.code);
      const add = (db, name, size) => code(db.transaction(async (tx) => {
        await tx.insertInto('tenants').values({ id: name, name: name + 'x'.repeat(size), key_seq: 0, created: 0 }).execute();
      }));
      {
        await using db = await openSqlite(mount + '/strata.db');
        console.log(await add(db, 'a', 1), await add(db, 'b', 2e6), await add(db, 'c', 1));
        console.log((await db.kysely.selectFrom('tenants').select('id').execute()).length);
      }
      execFileSync('mount', ['-o', 'remount,ro', mount]);
      console.log(await code(openSqlite(mount + '/not/yet/strata.db')));`;
    expect(runScript(program, onSmallDisk(join(path, '..')))).toBe('done disk_full done\n2\nread_only\n');
  });

  it('[D15] a disk without room for the file that processes share is full', () => {
    const path = fresh();
    mkdirSync(join(path, '..'));
    const program = `
      import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, 'sqlite.ts'))};
      import { appendFileSync } from 'node:fs';
      const mount = ${JSON.stringify(join(path, '..'))};
      await (await openSqlite(mount + '/strata.db'))[Symbol.asyncDispose]();
      try { for (;;) appendFileSync(mount + '/fill', Buffer.alloc(4096)); } catch {}
      await openSqlite(mount + '/strata.db').catch((error) => console.log(error.code, error.message));`;
    expect(runScript(program, onSmallDisk(join(path, '..')))).toMatch(
      /^disk_full .* no space left on device\n$/,
    );
  });
});

describeWith(['user'], 'SQLite as another user', () => {
  it('[D15] a database of somebody else is unreadable', async () => {
    const path = await place();
    chmodSync(base, 0o755);
    const [launcher = '', ...options] = [...AS_NOBODY, process.execPath, WRITER, path];
    const result = spawnSync(launcher, options, { encoding: 'utf8' });
    expect(result.stderr).toMatch(/code: 'unreadable'/);
  });
});
