/** Hostile rows in the database: ids, numbers and records that cannot be. */

import { join } from 'node:path';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { openSqlite } from '../../../db/index.ts';
import { collectTenant, verifyStore } from '../../../vault/index.ts';
import { forgetSnapshots, list, listSnapshots, listWorkspaces } from '../../../workspace/index.ts';
import { bootClock, toHex } from '../../../base/index.ts';
import { openTestVault, testWorld } from '../../vault.ts';
import type { Chance } from '../chance.ts';
import type { Base } from './base.ts';
import { randomBytes } from './lies.ts';
import { outcomeOf } from './outcome.ts';
import { overlayStore } from './overlay-store.ts';

const TABLES = ['home', 'tenants', 'workspaces', 'snapshots', 'segments', 'intents'];
const TEXTS = [
  '',
  'x',
  '../../escape',
  '0'.repeat(32),
  'f'.repeat(31),
  'G'.repeat(32),
  'a\0b',
  '\u202E',
  'x'.repeat(5000),
];
const NUMBERS = [
  '-1',
  '0',
  '1',
  '2147483648',
  '9007199254740991',
  '9007199254740993',
  '-9223372036854775808',
];

export async function hostileRow(base: Base, chance: Chance): Promise<string> {
  const place = mkdtempSync(join(base.place, 'rows-'));
  try {
    const path = join(place, 'strata.db');
    writeFileSync(path, base.database);
    const table = change(path, chance);
    const store = overlayStore(base.objects, new Map());
    const found: string[] = [];
    found.push(
      await outcomeOf(async () => {
        await using database = await openSqlite(path);
        const world = testWorld(database, store, `${chance.below(1e9)}`);
        const vault = await openTestVault(world);
        const tenant = await vault.tenant('default');
        const all = { ...world, monotonic: bootClock, vault: tenant, offLimits: [] };
        const id = toHex(tenant.id);
        found.push(
          await outcomeOf(() => listWorkspaces(database.kysely, 'default')),
          await outcomeOf(() => listSnapshots(database.kysely, id, 'web')),
          await outcomeOf(async () => {
            for await (const _ of list(all, 'web@2', { recursive: true }));
          }),
          await outcomeOf(() => verifyStore(vault)),
          await outcomeOf(() => forgetSnapshots(all, 'web@1')),
          await outcomeOf(() => collectTenant(world, tenant, { deletion: 0, leap: Infinity })),
        );
      }),
    );
    return `${table}: ${found.join(' ')}`;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** @returns in which table */
function change(path: string, chance: Chance): string {
  const native = new DatabaseSync(path);
  try {
    native.exec('PRAGMA foreign_keys = OFF');
    const table = chance.pick(TABLES);
    const columns = native.prepare(`PRAGMA table_info(${table})`).all();
    const { name, type } = chance.pick(columns) as { name: string; type: string };
    const rows = native.prepare(`SELECT rowid FROM ${table}`).all();
    if (rows.length === 0) return table;
    const { rowid } = chance.pick(rows) as { rowid: number };
    if (chance.once(10)) native.exec(`DELETE FROM ${table} WHERE rowid = ${rowid}`);
    else {
      const value =
        type.toLowerCase() === 'integer'
          ? BigInt(chance.pick(NUMBERS))
          : type.toLowerCase() === 'blob'
            ? randomBytes(chance, chance.pick([0, 1, 50, 106, 107, 500]))
            : chance.pick(TEXTS);
      try {
        native.prepare(`UPDATE ${table} SET ${name} = ? WHERE rowid = ?`).run(value, rowid);
      } catch (error) {
        // Two rows cannot have one name, whoever writes.
        if (!String(error).includes('UNIQUE')) throw error;
      }
    }
    return `${table}.${name}`;
  } finally {
    native.close();
  }
}
