import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { prepareFault } from '../testing/proof/fault.ts';
import { openSqlite } from './index.ts';

/** Calls of an opening until all that is shared with others is set up. */
const CALLS = 24;
/** Which fault of a call that opens it is. */
const EMFILE = 0;

const DOOR = join(import.meta.dirname, 'index.ts');

const run = (script: string, environment: Readonly<Record<string, string>> = {}) =>
  spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `import { openSqlite } from '${DOOR}'; ${script}`],
    {
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    },
  );

describeWith(['cc'], 'a disk that fails', () => {
  it('[D19] loses nothing that was committed, at whichever call of an opening', async () => {
    const base = mkdtempSync(join(tmpdir(), 'strata-db-'));
    try {
      const before = join(base, 'before');
      const path = join(before, 'strata.db');
      const tenant = `{ id: 'a', name: 'a', key_seq: 0, created: 0, epoch: 1 }`;
      // What was committed is in the WAL alone.
      run(
        `const db = await openSqlite('${path}'); await db.kysely.insertInto('tenants').values(${tenant}).execute(); process.kill(process.pid, 'SIGKILL');`,
      );
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
      const calls: string[] = [];
      for (let at = 1; at <= CALLS; at++) {
        const place = join(base, 'place');
        rmSync(place, { recursive: true, force: true });
        cpSync(before, place, { recursive: true });
        const fault = prepareFault(join(base, 'state'), { under: place, at, kind: 'full' });
        const open = `const db = await openSqlite('${join(place, 'strata.db')}');`;
        run(`${open} await db[Symbol.asyncDispose]();`, fault.environment);
        const fired = fault.fired();
        if (fired === undefined) break;
        calls.push(fired.what);
        await using database = await openSqlite(join(place, 'strata.db'));
        const rows = await database.kysely.selectFrom('tenants').select('name').execute();
        expect(rows, fired.what).toEqual([{ name: 'a' }]);
      }
      expect(calls).toContain('ftruncate: full');
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  });

  it('[D19] is not told as a lack of permission where there is none', () => {
    const base = mkdtempSync(join(tmpdir(), 'strata-db-'));
    try {
      const opens: string[] = [];
      for (let at = 1; at <= CALLS; at++) {
        const place = join(base, 'place');
        rmSync(place, { recursive: true, force: true });
        const open = `await (await openSqlite('${join(place, 'strata.db')}'))[Symbol.asyncDispose]();`;
        run(open);
        const fault = prepareFault(join(base, 'state'), { under: place, at, kind: EMFILE });
        const tell = `try { ${open} } catch (error) { console.log(error.code); }`;
        const { stdout } = run(tell, fault.environment);
        const fired = fault.fired();
        if (fired === undefined) break;
        if (fired.what !== 'open: EMFILE') continue;
        opens.push(basename(fired.path));
        expect(['', 'unavailable'], fired.path).toContain(stdout.trim());
      }
      expect(new Set(opens)).toEqual(new Set(['strata.db', 'strata.db-wal', 'strata.db-shm']));
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  }, 60_000);
});
