/** The suite that every database passes. */

import { describe, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import type { Database } from './database.ts';
import type { SnapshotTable, TenantTable } from './schema.ts';

/** Opens the same database each time. */
type Open = () => Promise<Database>;

const CASES = {
  '[D1] a transaction commits whole': async (open) => {
    await using db = await open();
    const result = await db.transaction(async (tx) => {
      await tx.insertInto('tenants').values(tenant('a')).execute();
      await tx.insertInto('tenants').values(tenant('b')).execute();
      return 'done';
    });
    expect(result).toBe('done');
    expect(await tenantNames(db)).toEqual(['a', 'b']);
  },

  '[D1] a transaction that throws leaves nothing': async (open) => {
    await using db = await open();
    const failure = new Error('changed my mind');
    const attempt = db.transaction(async (tx) => {
      await tx.insertInto('tenants').values(tenant('a')).execute();
      throw failure;
    });
    await expect(attempt).rejects.toBe(failure);
    expect(await tenantNames(db)).toEqual([]);
    await db.kysely.insertInto('tenants').values(tenant('b')).execute();
    expect(await tenantNames(db)).toEqual(['b']);
  },

  '[D2] transactions and single statements take turns': async (open) => {
    await using db = await open();
    await db.kysely.insertInto('tenants').values(tenant('a')).execute();
    const increment = () =>
      db.transaction(async (tx) => {
        const row = await tx.selectFrom('tenants').select('key_seq').executeTakeFirstOrThrow();
        await new Promise((resolve) => setTimeout(resolve, 1));
        await tx
          .updateTable('tenants')
          .set({ key_seq: row.key_seq + 1 })
          .execute();
      });
    const alone = () =>
      db.kysely
        .updateTable('tenants')
        .set((eb) => ({ key_seq: eb('key_seq', '+', 1) }))
        .execute();
    await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? increment() : alone())));
    const row = await db.kysely.selectFrom('tenants').select('key_seq').executeTakeFirstOrThrow();
    expect(row.key_seq).toBe(20);
  },

  '[D2] two handles in one process take turns': async (open) => {
    await using one = await open();
    await using two = await open();
    const order: string[] = [];
    const slow = (db: Database, name: string) =>
      db.transaction(async (tx) => {
        order.push(`${name} begins`);
        await tx.insertInto('tenants').values(tenant(name)).execute();
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push(`${name} ends`);
      });
    await Promise.all([slow(one, 'a'), slow(two, 'b')]);
    expect(order.map((step) => step[0])).toEqual([
      order[0]?.[0],
      order[0]?.[0],
      order[2]?.[0],
      order[2]?.[0],
    ]);
    expect(await tenantNames(two)).toEqual(['a', 'b']);
  },

  '[D3] a transaction cannot wait for itself': async (open) => {
    await using db = await open();
    await expectCode(
      'internal',
      db.transaction(async () => db.kysely.selectFrom('tenants').selectAll().execute()),
    );
    await expectCode(
      'internal',
      db.transaction(async () => db.transaction(async () => undefined)),
    );
    await db.transaction(async () => undefined);
    expect(await tenantNames(db)).toEqual([]);
  },

  '[D3] who started in a transaction may go on after it': async (open) => {
    await using db = await open();
    let later: Promise<string[]> | undefined;
    await db.transaction(async (tx) => {
      await tx.insertInto('tenants').values(tenant('a')).execute();
      later = new Promise((resolve) => setTimeout(resolve, 20)).then(() => tenantNames(db));
    });
    expect(await later).toEqual(['a']);
  },

  '[D4] a repeated key': async (open) => {
    await using db = await open();
    await db.kysely.insertInto('tenants').values(tenant('a')).execute();
    const again = { ...tenant('a'), id: 'another' };
    await expectCode('already_exists', db.kysely.insertInto('tenants').values(again).execute());
    await expectCode('already_exists', db.kysely.insertInto('tenants').values(tenant('a')).execute());
    await expectCode(
      'already_exists',
      db.transaction(async (tx) => {
        await tx.insertInto('tenants').values(tenant('b')).execute();
        await tx.insertInto('tenants').values(again).execute();
      }),
    );
    const ignored = await db.kysely
      .insertInto('tenants')
      .values(again)
      .onConflict((conflict) => conflict.columns(['region', 'name']).doNothing())
      .executeTakeFirst();
    expect(ignored.numInsertedOrUpdatedRows).toBe(0n);
    expect(await tenantNames(db)).toEqual(['a']);
  },

  '[D5] rows outlive the handle': async (open) => {
    {
      await using db = await open();
      await db.kysely.insertInto('tenants').values(tenant('a')).execute();
    }
    await using db = await open();
    expect(await tenantNames(db)).toEqual(['a']);
    const migrations = await db.kysely.selectFrom('migrations').selectAll().execute();
    expect(migrations.map((row) => row.number)).toEqual(migrations.map((_, at) => at + 1));
  },

  '[D6] values come back as they were': async (open) => {
    await using db = await open();
    await db.kysely.insertInto('tenants').values(tenant('a')).execute();
    await db.kysely
      .insertInto('workspaces')
      .values({ id: 'w', tenant: 'id-a', name: 'main', created: 0, seq: 0, fence: 0 })
      .execute();
    const rows = [
      snapshot(1, {
        bytes: Number.MAX_SAFE_INTEGER,
        message: 'é\n\u{1f600}"\'; --',
        root: new Uint8Array(0),
      }),
      snapshot(2, { created: -1, root: Uint8Array.from({ length: 256 }, (_, byte) => byte) }),
      snapshot(3, { parent_workspace: 'w', parent_number: 2, published: 1, kind: 'fork' }),
    ];
    await db.kysely.insertInto('snapshots').values(rows).execute();
    const back = await db.kysely.selectFrom('snapshots').selectAll().orderBy('number').execute();
    expect(back.map((row) => ({ ...row, root: Uint8Array.from(row.root) }))).toEqual(rows);
    const updated = await db.kysely.updateTable('snapshots').set({ published: 1 }).executeTakeFirst();
    expect(updated.numUpdatedRows).toBe(3n);
  },

  '[D7] a signal ends the waiting': async (open) => {
    await using db = await open();
    const controller = new AbortController();
    const first = db.transaction(
      async (tx) => {
        controller.abort();
        await new Promise((resolve) => setTimeout(resolve, 10));
        await tx.insertInto('tenants').values(tenant('a')).execute();
      },
      { signal: controller.signal },
    );
    const second = db.transaction(async (tx) => tx.insertInto('tenants').values(tenant('b')).execute(), {
      signal: controller.signal,
    });
    await first;
    await expectCode('cancelled', second);
    expect(await tenantNames(db)).toEqual(['a']);
  },
} as const satisfies Record<string, (open: Open) => Promise<void>>;

/** @param place makes an empty place for a database, and gives what opens the one there */
export function databaseContract(name: string, place: () => Open): void {
  describe(`${name} as a database`, () => {
    for (const [title, test] of Object.entries(CASES)) it(title, () => test(place()));
  });
}

export function tenant(name: string): TenantTable {
  return { id: `id-${name}`, region: 'default', name, key_seq: 0, created: 1_700_000_000_000, epoch: 1 };
}

export async function tenantNames(db: Database): Promise<string[]> {
  const rows = await db.kysely.selectFrom('tenants').select('name').orderBy('name').execute();
  return rows.map((row) => row.name);
}

function snapshot(number: number, changes: Partial<SnapshotTable>): SnapshotTable {
  return {
    id: `s${number}`,
    workspace: 'w',
    number,
    seq: number,
    kind: 'save',
    created: 1_700_000_000_000,
    root: Uint8Array.of(number),
    digest: '00'.repeat(32),
    files: 1,
    directories: 2,
    symlinks: 3,
    bytes: 4,
    new_bytes: 5,
    stored_bytes: 6,
    message: '',
    parent_workspace: null,
    parent_number: null,
    published: 0,
    ...changes,
  };
}
