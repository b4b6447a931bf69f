/** The parts of one home, opened when they are first needed, and made only by what writes. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError, isStrataError, systemClock, systemRandom } from '../base/index.ts';
import type { Cancellable, Log } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import type { Database } from '../db/index.ts';
import type { Store } from '../store/index.ts';
import { Vault, isStore } from '../vault/index.ts';
import type { FindRootKeys, OpenVaultOptions } from '../vault/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import { checkName, namesRun } from '../workspace/index.ts';
import type { WorkspaceWorld } from '../workspace/index.ts';
import type { Config, KeySource } from './config.ts';
import type { EngineOptions } from './engine.ts';
import { openStore } from './open-store.ts';
import { thisMachine } from './this-machine.ts';
import { describeSource, findRootKeys } from './root-keys.ts';
import type { KeyWorld } from './root-keys.ts';
import { TrafficBook } from './traffic.ts';

const DEFAULT_TENANT = 'default';

/**
 * What a call may bring into being: `read` and `change` nothing, `write` a home that is not there yet, the others also the database of
 * a store that is there. All but `read` write to the home.
 */
export type Intention = 'read' | 'change' | 'write' | 'rebuild' | 'attach to read' | 'attach to own';

const ATTACH: Partial<Record<Intention, OpenVaultOptions['attach']>> = {
  rebuild: 'rebuild',
  'attach to read': 'read',
  'attach to own': 'own',
};

export class Home implements AsyncDisposable {
  readonly keySource: KeySource;
  readonly keyWorld: KeyWorld;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly config: Config;
  readonly traffic: TrafficBook;
  readonly #store: Store;
  /** Where nothing is saved from and restored to: what the engine itself writes. */
  readonly #offLimits: readonly string[];
  readonly #tenant: string;
  readonly #log: Log | undefined;
  #database: Promise<Database> | undefined;
  #vault: Promise<Vault> | undefined;
  #notices: string[] = [];

  constructor(
    config: Config,
    { env = process.env, tenant = DEFAULT_TENANT, cwd = process.cwd(), log }: EngineOptions,
  ) {
    this.#log = log;
    log?.(config.file === undefined ? 'no configuration file' : `configuration read: ${config.file}`);
    this.keySource = config.storage.encryption;
    this.keyWorld = { env, random: systemRandom, notice: (text) => this.#notices.push(text) };
    this.traffic = new TrafficBook({ log });
    this.#store = openStore(config.storage, config.storage, { log, tally: this.traffic.tally });
    this.config = config;
    this.cwd = cwd;
    const own = ['db', 'keys', 'cache', 'runs', 'tasks'].map((name) => join(config.home, name));
    this.#offLimits = [config.storage.local.path, ...own];
    this.#tenant = checkName(tenant, 'a tenant');
  }

  /** Where what only spares work is kept. */
  get cacheDirectory(): string {
    return join(this.config.home, 'cache');
  }

  /** How the store is named to people. */
  get storeLabel(): string {
    return this.#store.label;
  }

  get findRootKeys(): FindRootKeys {
    return findRootKeys(this.keySource, this.keyWorld);
  }

  get log(): Log | undefined {
    return this.#log;
  }

  takeNotices(): readonly string[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** @throws not_found if there is no home yet and nothing may be made; read_only if it is to be written to; as `Vault.open` */
  async vault(intention: Intention, options: Cancellable = {}): Promise<Vault> {
    const vault = await this.#sharedVault(intention, options);
    // Said now, not when all that is to be saved has been read.
    if (intention !== 'read' && vault.world.database.readOnly) throw this.#readOnly();
    return vault;
  }

  async #sharedVault(intention: Intention, options: Cancellable): Promise<Vault> {
    if (makesNothing(intention) && !(await this.exists())) throw this.#nothingYet();
    const opening = (this.#vault ??= this.#openVault(intention, options));
    try {
      return await opening;
    } catch (error) {
      // The next call may find the store mounted, or the key in its place.
      if (this.#vault === opening) this.#vault = undefined;
      // Two calls waited for one opening, and it was the other's signal that ended it.
      if (isStrataError(error, 'cancelled') && options.signal?.aborted !== true)
        return this.#sharedVault(intention, options);
      throw error;
    }
  }

  /** The tenant's part. @throws not_found if there is no such tenant yet and nothing may be made */
  async world(intention: Intention, options: Cancellable = {}): Promise<WorkspaceWorld> {
    const vault = await this.vault(intention, options);
    if (makesNothing(intention) && !(await this.#hasTenant(vault))) throw this.#nothingYet();
    this.#log?.(`tenant ${this.#tenant}`);
    return {
      ...vault.world,
      vault: await vault.tenant(this.#tenant, options),
      offLimits: this.#offLimits,
      cacheDirectory: this.cacheDirectory,
      otherTree: async (ref, reading) =>
        namesRun(ref) ? (await import('./run-world.ts')).findTree(this, intention, ref, reading) : undefined,
    };
  }

  /** Those that are declared; else this machine is one. */
  get executors(): readonly ExecutorDefinition[] {
    const { executors } = this.config;
    return executors.length > 0 ? executors : [thisMachine()];
  }

  /** Whether anything was ever kept here, be it that the database or the store is lost now. */
  async exists(): Promise<boolean> {
    return existsSync(this.#databasePath) || (await isStore(this.#store));
  }

  /** Forgets what was opened with a key that is no longer the one. */
  reopen(): void {
    this.#vault = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that could not be opened has nothing to close.
    const database = await this.#database?.catch(() => undefined);
    await this.traffic[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  }

  async #openVault(intention: Intention, { signal }: Cancellable): Promise<Vault> {
    const database = await this.#openDatabase({ signal });
    const world = {
      store: this.#store,
      database,
      clock: systemClock,
      random: systemRandom,
      log: this.#log,
    };
    const vault = await Vault.open(world, this.findRootKeys, { attach: ATTACH[intention], signal });
    this.#log?.(
      `store opened: ${this.#store.label}, with the root key from ${describeSource(this.keySource)}`,
    );
    return vault;
  }

  async #openDatabase(options: Cancellable): Promise<Database> {
    this.#database ??= openSqlite(this.#databasePath, options);
    try {
      const database = await this.#database;
      this.#log?.(`database opened: ${this.#databasePath}`);
      this.traffic.open(database, this.#store.label);
      return database;
    } catch (error) {
      this.#database = undefined;
      throw error;
    }
  }

  async #hasTenant({ world }: Vault): Promise<boolean> {
    const row = await world.database.kysely
      .selectFrom('tenants')
      .select('id')
      .where('name', '=', this.#tenant)
      .executeTakeFirst();
    return row !== undefined;
  }

  get #databasePath(): string {
    return join(this.config.home, 'db', 'strata.db');
  }

  #readOnly(): StrataError {
    return new StrataError('read_only', `the home ${this.config.home} can only be read`, {
      hint: 'Remount it read-write, or copy it to a place that can be written to and use that one.',
      details: { home: this.config.home },
    });
  }

  #nothingYet(): StrataError {
    const whose = this.#tenant === DEFAULT_TENANT ? '' : ` for tenant ${this.#tenant}`;
    return new StrataError('not_found', `nothing was saved${whose} in ${this.config.home} yet`, {
      hint: '`strata workspaces save DIR` makes the first snapshot; --home and $STRATA_HOME name another place.',
      details: { home: this.config.home, tenant: this.#tenant },
    });
  }
}

function makesNothing(intention: Intention): boolean {
  return intention === 'read' || intention === 'change';
}
