/** The one place that chooses concrete parts: which store, which database, which key. */

import { join } from 'node:path';

import { StrataError, systemClock, systemRandom, toHex } from '../base/index.ts';
import type { Clock, Random } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import type { Database } from '../db/index.ts';
import { openLocalStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import {
  Vault,
  adoptTenants,
  formatRootKey,
  rebuildIndex,
  rootKeyId,
  rotateRoot,
  verifyStore,
} from '../vault/index.ts';
import * as workspace from '../workspace/index.ts';
import { loadConfig } from './config-file.ts';
import type { Config } from './config.ts';
import type {
  ChunkStore,
  Engine,
  EngineOptions,
  KeyStatus,
  Keys,
  RebuildResult,
  Workspaces,
} from './engine.ts';
import { describeSource, findRootKeys, nextRootKey } from './root-keys.ts';
import type { KeyWorld, RotateOptions } from './root-keys.ts';

const DEFAULT_TENANT = 'default';

/** @throws bad_input, unknown_config_key with all that is wrong in the configuration; not_ours, unavailable, … */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const { env = process.env, tenant = DEFAULT_TENANT } = options;
  const config = await loadConfig(options);
  const store = openStore(config);
  const database = await openSqlite(join(config.home, 'db', 'strata.db'));
  return new EmbeddedEngine(config, database, store, tenant, env);
}

function openStore(config: Config): Store {
  const { provider, local } = config.storage;
  if (provider === 'local') return openLocalStore(local.path);
  throw new StrataError('refused', `this version keeps its store on a local disk only, not on ${provider}`, {
    hint: 'Set `storage.provider: local`, or leave it out.',
  });
}

/** Database and chunk store of one home, in this process. */
class EmbeddedEngine implements Engine {
  readonly workspaces: Workspaces;
  readonly store: ChunkStore;
  readonly keys: Keys;
  readonly #config: Config;
  readonly #database: Database;
  readonly #store: Store;
  readonly #tenant: string;
  readonly #keyWorld: KeyWorld;
  readonly #clock: Clock = systemClock;
  readonly #random: Random = systemRandom;
  #notices: string[] = [];
  #vault: Promise<Vault> | undefined;
  #world: Promise<workspace.WorkspaceWorld> | undefined;

  constructor(
    config: Config,
    database: Database,
    store: Store,
    tenant: string,
    env: NonNullable<EngineOptions['env']>,
  ) {
    this.#config = config;
    this.#database = database;
    this.#store = store;
    this.#tenant = tenant;
    this.#keyWorld = { env, random: this.#random, notice: (text) => this.#notices.push(text) };
    this.workspaces = this.#workspaces();
    this.store = this.#chunkStore();
    this.keys = this.#keys();
  }

  takeNotices(): readonly string[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  #workspaces(): Workspaces {
    const world = () => (this.#world ??= this.#openWorld());
    return {
      save: async (directory, options) => workspace.saveDirectory(await world(), directory, options),
      restore: async (ref, directory, options) =>
        workspace.restoreSnapshot(await world(), ref, directory, options),
      list: async () => workspace.listWorkspaces(this.#database.kysely, toHex((await world()).vault.id)),
      log: async (name) =>
        workspace.listSnapshots(this.#database.kysely, toHex((await world()).vault.id), name),
      ls: (ref, options) => later(async () => workspace.list(await world(), ref, options)),
      cat: (ref, options) => later(async () => workspace.cat(await world(), ref, options)),
      diff: (before, after, options) =>
        later(async () => workspace.compare(await world(), before, after, options)),
      manifest: (ref, options) => later(async () => workspace.manifest(await world(), ref, options)),
      fork: async (ref, name) => workspace.forkWorkspace(await world(), ref, name),
    };
  }

  #chunkStore(): ChunkStore {
    return {
      stats: async (options) => workspace.storeStats(await this.#openWorld(), options),
      verify: async (options) => verifyStore(await this.#openVault(), options),
      rebuildIndex: (options) => this.#rebuild(options),
    };
  }

  #keys(): Keys {
    return {
      status: () => this.#keyStatus(),
      rotateRoot: (options) => this.#rotate(options),
      exportRecovery: async () => {
        const vault = await this.#openVault();
        const [secret] = await findRootKeys(this.#config.storage.encryption, this.#keyWorld)(
          vault.storeId,
          false,
        );
        return formatRootKey(secret);
      },
    };
  }

  #openVault(options: { readonly adopt?: boolean } = {}): Promise<Vault> {
    return (this.#vault ??= Vault.open(
      { store: this.#store, database: this.#database, clock: this.#clock, random: this.#random },
      findRootKeys(this.#config.storage.encryption, this.#keyWorld),
      options,
    ));
  }

  async #openWorld(): Promise<workspace.WorkspaceWorld> {
    const vault = await (await this.#openVault()).tenant(this.#tenant);
    return { vault, database: this.#database, clock: this.#clock, random: this.#random };
  }

  async #rebuild(options: Parameters<ChunkStore['rebuildIndex']>[0] = {}): Promise<RebuildResult> {
    const started = this.#clock();
    const vault = await this.#openVault({ adopt: true });
    const total = { packs: 0, chunks: 0, workspaces: 0, snapshots: 0 };
    const unreadable: string[] = [];
    for (const name of await adoptTenants(vault, options)) {
      const tenant = await vault.tenant(name, options);
      const index = await rebuildIndex(vault.world, tenant, options);
      const rows = await workspace.recoverWorkspaces({ ...vault.world, vault: tenant }, options);
      total.packs += index.packs;
      total.chunks += index.chunks;
      total.workspaces += rows.workspaces;
      total.snapshots += rows.snapshots;
      unreadable.push(...index.unreadable);
    }
    return { ...total, unreadable, seconds: (this.#clock() - started) / 1000 };
  }

  async #keyStatus(): Promise<KeyStatus> {
    const vault = await this.#openVault();
    return {
      source: describeSource(this.#config.storage.encryption),
      rootKey: vault.rootKeyId,
      storeId: toHex(vault.storeId),
      tenants: await vault.tenants(),
    };
  }

  async #rotate(options: RotateOptions = {}): Promise<KeyStatus> {
    const vault = await this.#openVault();
    const status = await this.#keyStatus();
    const source = this.#config.storage.encryption;
    const next = await nextRootKey(source, vault.storeId, options, this.#keyWorld);
    await rotateRoot(vault, next.secret, next.activate, options);
    if (source.kind !== 'key_file')
      this.#keyWorld.notice('The root key is another now: change `storage.encryption` to match.');
    this.#vault = undefined;
    this.#world = undefined;
    return { ...status, rootKey: rootKeyId(next.secret) };
  }
}

/** An async iterable whose making is itself asynchronous. */
async function* later<Item>(make: () => Promise<AsyncIterable<Item>>): AsyncGenerator<Item, void> {
  yield* await make();
}
