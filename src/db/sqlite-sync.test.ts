import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, expect, it } from 'vitest';

import { tenant, tenantNames } from './database.contract.ts';
import { openSqlite } from './sqlite.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-db-'));
afterAll(() => rmSync(base, { recursive: true }));

it('[D20] a lazy transaction waits for no disk, and whatever follows it does', async () => {
  const path = join(base, 'strata.db');
  await using db = await openSqlite(path);
  await db.kysely.insertInto('tenants').values(tenant('a')).execute();
  type Query = Parameters<Parameters<typeof db.transaction>[0]>[0] | typeof db.kysely;
  const level = async (query: Query) =>
    (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(query)).rows[0]?.synchronous;
  const lazily = (name: string, fails = false) =>
    db.transaction(
      async (tx) => {
        await tx.insertInto('tenants').values(tenant(name)).execute();
        expect(await level(tx)).toBe(1);
        if (fails) throw new Error('mine');
      },
      { lazy: true },
    );
  await lazily('b');
  expect(await level(db.kysely)).toBe(2);
  await expect(lazily('c', true)).rejects.toThrow('mine');
  await db.transaction(async (tx) => expect(await level(tx)).toBe(2));
  await Promise.all([lazily('d'), db.transaction(async (tx) => expect(await level(tx)).toBe(2))]);
  await using other = await openSqlite(path);
  expect(await tenantNames(other)).toEqual(['a', 'b', 'd']);
});
