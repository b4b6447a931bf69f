/** A database in a local file, by the SQLite inside Node. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StrataError, isStrataError, makeDirectories, systemClock, systemError } from '../base/index.ts';
import type { Cancellable, Clock } from '../base/index.ts';
import type { Database } from './database.ts';
import type { ColumnTypes } from './table.ts';
import { cannotMigrate, connectReadOnly, isReadOnly, isWritable } from './read-only.ts';
import type { Tables } from './schema.ts';
import { patiently, translated } from './sqlite-error.ts';
import type { Scope } from './sqlite-dialect.ts';
import { SYNC_EACH } from './sqlite-sync.ts';

/** Earlier ones can lose a commit when two connections checkpoint and write at once (the WAL reset bug). */
const LEAST_SQLITE = [3, 51, 3] as const;

/** `STRA` in the header of the file says that it is ours. */
const APPLICATION_ID = 0x53545241;
const APPLICATION_ID_AT = 68;
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';

const FILE_MODE = 0o600;

/** Milliseconds that a statement waits for another process while it holds up this one; longer waits let others run. */
const BUSY_TIMEOUT = 100;

const TYPES: ColumnTypes = { integer: 'integer', bytes: 'blob', strict: true };

/**
 * Connections that the system failed before they worked. Trap: where SQLite could not set up the memory that it shares with others, it
 * takes the WAL for empty, and deletes it when the connection is closed, with all that was committed and not yet merged. So they stay open
 * until the process ends, which closes nothing by way of SQLite.
 */
const abandoned: DatabaseSync[] = [];
/** What SQLite says of the file, and not of the disk. */
const CLOSABLE: ReadonlySet<string> = new Set(['not_ours', 'refused', 'cancelled', 'unsupported_format']);

export interface SqliteOptions extends Cancellable {
  readonly clock?: Clock;
}

/**
 * Opens the database, makes it if there is none, and brings its tables up to date. One that cannot be written to is opened for
 * reading, if its tables are up to date: whatever writes is `read_only` then.
 *
 * @param path of the file; directories above it are made
 * @throws not_ours if the file is something else, which is left as it is; unsupported_format if it is newer than this
 *   program; unavailable if others keep it busy for minutes; unreadable, disk_full, read_only
 */
export async function openSqlite(path: string, options: SqliteOptions = {}): Promise<Database> {
  const label = `database ${resolve(path)}`;
  checkSqlite(process.versions.sqlite ?? '0');
  const readOnly = isReadOnly(path);
  try {
    // The directories of a read-only disk are durable, and some cannot even be asked to be. Nor need others be asked where
    // something is in the file: it came there after its directories were made durable.
    if (!readOnly && !hasContent(path)) makeDirectories(dirname(resolve(path)));
    checkOurs(path, label, readOnly);
  } catch (error) {
    throw systemError(error, `open ${label}`);
  }
  const { Kysely, checkScope, migrations, sqliteDialect } = await import('./sqlite-loaded.ts');

  const native = readOnly ? openToRead(path, label) : await connect(path, label, options);
  const scopes = new AsyncLocalStorage<Scope>();
  const kysely = new Kysely<Tables>({ dialect: sqliteDialect(native, label, scopes) });

  const database: Database = {
    label,
    readOnly,
    kysely,

    async transaction(fn, { signal, lazy = false } = {}) {
      checkScope(scopes);
      const scope: Scope = { active: false, lazy, signal };
      return scopes.run(scope, () =>
        kysely.transaction().execute(async (tx) => {
          scope.active = true;
          try {
            return await fn(tx);
          } finally {
            scope.active = false;
          }
        }),
      );
    },

    [Symbol.asyncDispose]: () => kysely.destroy(),
  };

  try {
    const found = versionOf(native);
    if (readOnly) migrations.checkVersion(found, label);
    if (readOnly && found !== migrations.SCHEMA_VERSION) throw cannotMigrate(label, found);
    if (found !== migrations.SCHEMA_VERSION) {
      await database.transaction(async (tx) => {
        // Asked again, now that nobody else can be at it.
        const version = versionOf(native);
        migrations.checkVersion(version, label);
        await migrations.migrate(tx, TYPES, version, options.clock ?? systemClock);
      }, options);
    }
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw translated(error, label);
  }
  return database;
}

async function connect(path: string, label: string, options: SqliteOptions): Promise<DatabaseSync> {
  let native: DatabaseSync | undefined;
  try {
    const opened = new DatabaseSync(path, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true });
    native = opened;
    await patiently(label, options.signal, () => {
      // Before the WAL, so that it stands in the file itself, where `checkOurs` reads it.
      if (numberOf(opened, 'PRAGMA application_id') !== APPLICATION_ID)
        opened.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      const mode = opened.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
      if (mode !== 'wal') throw noWal(label);
      opened.exec(SYNC_EACH);
    });
    return opened;
  } catch (error) {
    const told = couldBeUsed(path, translated(error, label), label);
    if (isStrataError(told) && CLOSABLE.has(told.code)) native?.close();
    else if (native !== undefined) abandoned.push(native);
    throw told;
  }
}

/** SQLite takes whatever keeps it from opening a file for a lack of permission. @returns the truth, if that cannot be it */
function couldBeUsed(path: string, told: unknown, label: string): unknown {
  if (!isStrataError(told, 'read_only') && !isStrataError(told, 'unreadable')) return told;
  if (!isWritable(path) || !isWritable(dirname(resolve(path)))) return told;
  return new StrataError('unavailable', `cannot use ${label}: one of its files could not be opened`, {
    hint: 'It is not for a lack of permission. Too many open files, no space, or a disk that does not answer: look at `ulimit -n` and `df`, then run the command again.',
    cause: told,
  });
}

function openToRead(path: string, label: string): DatabaseSync {
  try {
    return connectReadOnly(path, label);
  } catch (error) {
    throw translated(error, label);
  }
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/** Looks at the file without SQLite, which would recover, checkpoint or lock what may be somebody else's. */
function checkOurs(path: string, label: string, readOnly: boolean): void {
  const header = Buffer.alloc(HEADER_BYTES);
  // SQLite gives its other files the mode of this one, so it must exist before SQLite makes it.
  const file = openSync(path, readOnly ? 'r' : 'a+', FILE_MODE);
  let length = 0;
  try {
    // One read may give less than there is.
    for (let count = -1; count !== 0 && length < HEADER_BYTES; length += count)
      count = readSync(file, header, length, HEADER_BYTES - length, length);
  } finally {
    closeSync(file);
  }
  if (length === 0) return;
  const isSqlite = header.toString('latin1', 0, MAGIC.length) === MAGIC;
  if (isSqlite && header.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID) return;
  throw new StrataError('not_ours', `${label} is ${isSqlite ? 'of another program' : 'no database'}`, {
    hint: 'Nothing was changed. Move the file away, or give another place for the database.',
  });
}

/** @throws refused */
export function checkSqlite(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [at, least] of LEAST_SQLITE.entries()) {
    const part = parts[at] ?? 0;
    if (part > least) return;
    if (part < least) break;
    if (at === LEAST_SQLITE.length - 1) return;
  }
  throw new StrataError('refused', `SQLite ${version} is too old: it can lose commits`, {
    hint: `Use a Node with SQLite ${LEAST_SQLITE.join('.')} or newer.`,
  });
}

/** The number of the last migration; 0 if there was none. */
function versionOf(native: DatabaseSync): number {
  const tables = numberOf(native, "SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'");
  return tables === 0 ? 0 : numberOf(native, 'SELECT coalesce(max(number), 0) FROM migrations');
}

function numberOf(native: DatabaseSync, query: string): number {
  return Number(Object.values(native.prepare(query).get() ?? {})[0]);
}

function noWal(label: string): StrataError {
  return new StrataError(
    'refused',
    `${label} is on a file system that cannot share memory between processes`,
    {
      hint: 'Put it on a local disk.',
    },
  );
}
