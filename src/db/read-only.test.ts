import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { AS_NOBODY, onSmallDisk, runScript } from '../testing/script.ts';
import { tenant } from './database.contract.ts';
import { openSqlite } from './sqlite.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'strata-db-read-only-'));
afterAll(() => rmSync(base, { recursive: true }));

describeWith(['mounts'], 'SQLite on a read-only disk', () => {
  /** What stands beside the database when the disk becomes read-only; and what opening it says then. */
  const READ_ONLY: Readonly<Record<string, readonly [before: string, said: string]>> = {
    'that was closed': [
      `change("UPDATE tenants SET name = 'b' WHERE id = 'c'")`,
      'true a,b read_only read_only',
    ],
    'whose process died': ['die()', 'true a,b read_only read_only'],
    'whose process died, without the shared memory': ["die(); rmSync(path + '-shm')", 'read_only'],
    'that needs a migration': ["change('DELETE FROM migrations')", 'read_only'],
    'that is newer': ["change('INSERT INTO migrations VALUES (99, 0)')", 'unsupported_format'],
  };

  it.each(Object.keys(READ_ONLY))('[D17] on a read-only disk one %s', (kind) => {
    const mount = mkdtempSync(join(base, 'a #disk?'));
    const [before, said] = READ_ONLY[kind]!;
    const program = `
      import { openSqlite } from ${ROOM};
      import { execFileSync, spawnSync } from 'node:child_process';
      import { readdirSync, rmSync } from 'node:fs';
      import { DatabaseSync } from 'node:sqlite';
      const path = ${JSON.stringify(mount)} + '/strata.db';
      const code = (promise) => promise.then(() => 'done', (error) => error.code);
      const add = (tx, name) => tx.insertInto('tenants').values({ id: name, name, key_seq: 0, created: 0 }).execute();
      const change = (text) => { const native = new DatabaseSync(path); native.exec(text); native.close(); };
      const die = () => spawnSync(process.execPath, ['--eval', \`
        const native = new (require('node:sqlite').DatabaseSync)(process.argv[1]);
        native.exec("UPDATE tenants SET name = 'b' WHERE id = 'c'");
        process.kill(process.pid, 'SIGKILL');\`, path]);
      { await using db = await openSqlite(path); await add(db.kysely, 'a'); await add(db.kysely, 'c'); }
      ${before};
      execFileSync('mount', ['-o', 'remount,ro', ${JSON.stringify(mount)}]);
      const names = String(readdirSync(${JSON.stringify(mount)}));
      try {
        await using db = await openSqlite(path);
        const rows = await db.kysely.selectFrom('tenants').select('name').orderBy('name').execute();
        console.log(db.readOnly, rows.map((row) => row.name).join(), await code(add(db.kysely, 'd')), await code(db.transaction((tx) => add(tx, 'd'))));
      } catch (error) { console.log(error.code); }
      if (String(readdirSync(${JSON.stringify(mount)})) !== names) console.log('it left something');`;
    expect(runScript(program, onSmallDisk(mount))).toBe(`${said}\n`);
  });
});

describeWith(['user'], 'SQLite of another user', () => {
  it('[D17] a database of somebody else who lets us read can be read', async () => {
    const path = join(base, 'shared', 'strata.db');
    {
      await using db = await openSqlite(path);
      await db.kysely.insertInto('tenants').values(tenant('a')).execute();
    }
    for (const directory of [base, join(base, 'shared')]) chmodSync(directory, 0o755);
    chmodSync(path, 0o644);
    const program = `
      import { openSqlite } from ${ROOM};
      await using db = await openSqlite(${JSON.stringify(path)});
      console.log(db.readOnly, JSON.stringify(await db.kysely.selectFrom('tenants').select('name').execute()));`;
    expect(runScript(program, AS_NOBODY)).toBe('true [{"name":"a"}]\n');
  });
});
