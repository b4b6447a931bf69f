/** A home over a store in memory, whose clock stands still until it is moved, and snapshots in it that need no directory. */

import { utf8 } from '../base/index.ts';
import type { MonotonicClock } from '../base/index.ts';
import type { Database, SnapshotTable } from '../db/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { DirectoryBuilder, packExtents } from '../tree/index.ts';
import type { TreeRef } from '../tree/index.ts';
import { LOCAL_MARGINS, collectTenant } from '../vault/index.ts';
import type { Collected, ContentSink, Save, TenantVault, Vault, VaultWorld } from '../vault/index.ts';
import { findWorkspace } from '../workspace/catalog.ts';
import { addSnapshot, createWorkspace, publishHeads } from '../workspace/commit.ts';
import type { WorkspaceWorld } from '../workspace/index.ts';
import { pinnedRandom } from './noise.ts';
import { NOW, openTestVault } from './vault.ts';

export type SavedContent = Readonly<Record<string, Uint8Array>>;

export class StillHome {
  readonly store: Store;
  readonly database: Database;
  now = NOW;
  /** Milliseconds of `now` that never passed. */
  leapt = 0;
  boot = 'first boot';
  readonly parts: VaultWorld;
  readonly monotonic: MonotonicClock = () => ({ boot: this.boot, milliseconds: this.now - this.leapt });
  vault!: Vault;
  tenant!: TenantVault;
  world!: WorkspaceWorld;

  private constructor(database: Database, store: Store, seed: string) {
    this.store = store;
    this.database = database;
    this.parts = { region: 'default', store, database, clock: () => this.now, random: pinnedRandom(seed) };
  }

  /** @param seed of all randomness: two over one store, or one database, need two */
  static async open(
    database: Database,
    store: Store = openMemoryStore(),
    seed = 'still',
  ): Promise<StillHome> {
    const home = new StillHome(database, store, seed);
    home.vault = await openTestVault(home.parts);
    home.tenant = await home.vault.tenant('default');
    const { monotonic } = home;
    home.world = { ...home.parts, monotonic, vault: home.tenant, offLimits: [] };
    return home;
  }

  /** The clock is set to another time. */
  leap(milliseconds: number): void {
    this.now += milliseconds;
    this.leapt += milliseconds;
  }

  /** As another process of the same home. */
  again(seed: string, wrap: (store: Store) => Store = (store) => store): Promise<StillHome> {
    return StillHome.open(this.database, wrap(this.store), seed);
  }

  async save(name: string, files: SavedContent): Promise<SnapshotTable> {
    await using save = await this.tenant.beginSave();
    const tree = storeFiles(save.writer, files);
    const row = await this.commit(save, name, tree);
    await publishHeads(this.world, name);
    return row;
  }

  /** What a save does when all is stored. */
  async commit(save: Save, name: string, tree: TreeRef): Promise<SnapshotTable> {
    const { newBytes, storedBytes } = await save.finish();
    return this.database.transaction(async (tx) => {
      await save.commit(tx);
      const workspace =
        (await findWorkspace(tx, Buffer.from(this.tenant.id).toString('hex'), name)) ??
        (await createWorkspace(tx, this.world, name));
      const root = { mode: 0o755, mtime: 0, tree };
      return addSnapshot(tx, this.world, workspace, 'save', { root, newBytes, storedBytes, message: '' });
    });
  }

  /** @param deletion the margin; milliseconds */
  collect(deletion = 0, dryRun = false): Promise<Collected> {
    return collectTenant(this.parts, this.tenant, { ...LOCAL_MARGINS, deletion }, { dryRun });
  }
}

export function storeFiles(sink: ContentSink, files: SavedContent): TreeRef {
  const builder = new DirectoryBuilder(sink);
  for (const name of Object.keys(files).sort()) {
    const bytes = files[name]!;
    const extents = packExtents([{ chunk: sink.chunk(bytes), length: bytes.length }]);
    const entry = { kind: 'file', name: utf8(name), mode: 0o644, mtime: 0, size: bytes.length } as const;
    builder.add({ ...entry, content: { form: 'inline', extents } });
  }
  return builder.finish();
}
