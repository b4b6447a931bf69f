/** A vault over real parts, with time and chance held still. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import type { Database } from '../db/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { DirectoryBuilder, packExtents } from '../tree/index.ts';
import { Vault } from '../vault/index.ts';
import type {
  HeadRecord,
  RootSecret,
  Save,
  SnapshotId,
  TenantVault,
  VaultWorld,
  WorkspaceId,
} from '../vault/index.ts';
import { noise, pinnedRandom } from './noise.ts';

export const ROOT = noise('root key', 32) as RootSecret;

/** 2026-01-01T00:00:00Z. */
export const NOW = 1_767_225_600_000;

/** Databases in a directory that is gone with it. */
export class TestDatabases implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'strata-vault-'));
  readonly #open: Database[] = [];

  /** @param name the same name is the same file */
  async open(name = `db-${this.#open.length}`): Promise<Database> {
    const database = await openSqlite(join(this.#directory, name));
    this.#open.push(database);
    return database;
  }

  /** For whatever else a test keeps on disk. */
  path(name: string): string {
    return join(this.#directory, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#open) await database[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true });
  }
}

/** @param seed of all randomness: two worlds over one store need two */
export function testWorld(database: Database, store: Store = openMemoryStore(), seed = 'world'): VaultWorld {
  return { region: 'default', store, database, clock: () => NOW, random: pinnedRandom(seed) };
}

export function openTestVault(world: VaultWorld, root = ROOT): Promise<Vault> {
  return Vault.open(world, async () => [root]);
}

/** Gives `fill` a save, and commits it. */
export async function committed<Value>(
  world: VaultWorld,
  tenant: TenantVault,
  fill: (save: Save) => Value | Promise<Value>,
): Promise<Value> {
  await using save = await tenant.beginSave();
  const value = await fill(save);
  await save.finish();
  await world.database.transaction((tx) => save.commit(tx));
  return value;
}

export interface SavedFile {
  readonly id: Sha256;
  readonly bytes: Uint8Array;
}

/** Saves files of one chunk each under a head, `files` by name, and tells the database. */
export async function saveFiles(
  world: VaultWorld,
  tenant: TenantVault,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<{ readonly head: HeadRecord; readonly files: readonly SavedFile[] }> {
  const workspace = world.random(16) as WorkspaceId;
  const { tree, saved } = await committed(world, tenant, (save) => {
    const kept: SavedFile[] = [];
    const builder = new DirectoryBuilder(save.writer);
    for (const name of Object.keys(files).sort()) {
      const bytes = files[name]!;
      const id = save.writer.chunk(bytes);
      kept.push({ id, bytes });
      builder.add({
        kind: 'file',
        name: utf8(name),
        mode: 0o644,
        mtime: 0,
        size: bytes.length,
        content: { form: 'inline', extents: packExtents([{ chunk: id, length: bytes.length }]) },
      });
    }
    return { tree: builder.finish(), saved: kept };
  });
  const head: HeadRecord = {
    workspace,
    seq: 1,
    fence: 1,
    name: `w${workspace[0]}`,
    kind: 'save',
    snapshot: {
      id: world.random(16) as SnapshotId,
      number: 1,
      created: NOW,
      root: { mode: 0o755, mtime: 0, tree },
      newBytes: 0,
      storedBytes: 0,
      message: '',
    },
  };
  await tenant.publishHead(head);
  return { head, files: saved };
}
