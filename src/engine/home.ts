/** The parts of one home, opened when they are first needed, and made only by what writes. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { bootClock, isStrataError, systemClock, systemRandom } from '../base/index.ts';
import type { Cancellable, Log, StrataError } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import type { Database } from '../db/index.ts';
import { Vault, checkRootKey, isStore, readHome, storedRegions } from '../vault/index.ts';
import type { FindRootKeys } from '../vault/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import { checkName, getLocated, locateToSave, namesRun, parseRef } from '../workspace/index.ts';
import type { Located, WorkspaceWorld } from '../workspace/index.ts';
import type { Config, KeySource } from './config.ts';
import { DEFAULT_REGION } from './config-regions.ts';
import type { EngineOptions } from './engine.ts';
import { DEFAULT_TENANT, isOfAnother, livesElsewhere, nothingYet, readOnlyHome } from './home-errors.ts';
import { databaseOf, ownDirectories } from './home-paths.ts';
import { ATTACH, makesNothing } from './intention.ts';
import type { Intention } from './intention.ts';
import { Regions } from './regions.ts';
import type { InRegion } from './regions.ts';
import { thisMachine } from './this-machine.ts';
import { describeSource, findRootKeys } from './root-keys.ts';
import type { KeyWorld } from './root-keys.ts';

export class Home implements AsyncDisposable {
  readonly keySource: KeySource;
  readonly keyWorld: KeyWorld;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly config: Config;
  readonly tenant: string;
  readonly regions: Regions;
  /** Where nothing is saved from and restored to: what the engine itself writes. */
  readonly #offLimits: readonly string[];
  readonly log: Log | undefined;
  #database: Promise<Database> | undefined;
  readonly #vaults = new Map<string, Promise<Vault>>();
  #notices: string[] = [];

  constructor(
    config: Config,
    { env = process.env, tenant = DEFAULT_TENANT, cwd = process.cwd(), log }: EngineOptions,
  ) {
    this.log = log;
    log?.(config.file === undefined ? 'no configuration file' : `configuration read: ${config.file}`);
    this.keySource = config.storage.encryption;
    this.keyWorld = { env, random: systemRandom, notice: (text) => this.#notices.push(text) };
    this.regions = new Regions(config, log);
    this.config = config;
    this.cwd = cwd;
    const own = ownDirectories(config.home);
    this.#offLimits = [...this.regions.localPaths, config.storage.cache.path, ...own];
    this.tenant = checkName(tenant, 'a tenant');
  }

  /** Where what only spares work is kept. */
  get cacheDirectory(): string {
    return join(this.config.home, 'cache');
  }

  get findRootKeys(): FindRootKeys {
    return findRootKeys(this.keySource, this.keyWorld);
  }

  takeNotices(): readonly string[] {
    const notices = [...new Set(this.#notices)];
    this.#notices = [];
    return notices;
  }

  /** @throws not_found if there is no store yet and nothing may be made; read_only if it is to be written to; as `Vault.open` */
  async vault(intention: Intention, options: InRegion = {}): Promise<Vault> {
    return this.#checked(intention, await this.#sharedVault(intention, options));
  }

  /** As `vault`, opened for one call and shared with nobody. @param keys default: those of the configuration */
  async vaultAlone(intention: Intention, options: InRegion, keys = this.findRootKeys): Promise<Vault> {
    await this.#checkThere(intention, options);
    return this.#checked(intention, await this.#openVault(intention, options, keys));
  }

  #checked(intention: Intention, vault: Vault): Vault {
    // Said now, not when all that is to be saved has been read.
    if (intention !== 'read' && vault.world.database.readOnly) throw readOnlyHome(this.config.home);
    return vault;
  }

  async #checkThere(intention: Intention, options: InRegion): Promise<void> {
    if (makesNothing(intention) && !(await this.hasStore(options)))
      throw this.#nothingYet(options.region ?? DEFAULT_REGION);
  }

  async #sharedVault(intention: Intention, options: InRegion): Promise<Vault> {
    const { region = DEFAULT_REGION } = options;
    await this.#checkThere(intention, options);
    const opening = this.#vaults.get(region) ?? this.#openVault(intention, options, this.findRootKeys);
    this.#vaults.set(region, opening);
    try {
      return await opening;
    } catch (error) {
      // The next call may find the store mounted, or the key in its place.
      if (this.#vaults.get(region) === opening) this.#vaults.delete(region);
      if (isOfAnother(error, options)) return this.#sharedVault(intention, options);
      throw error;
    }
  }

  /** The tenant's part. @throws not_found if there is no such tenant yet and nothing may be made */
  async world(intention: Intention, options: InRegion = {}): Promise<WorkspaceWorld> {
    const isFirst = this.#vaults.size === 0;
    return this.#world(intention, options).catch((error: unknown) => {
      // Another process may have replaced the root key since this one opened a store.
      if (isFirst || !isStrataError(error, 'wrong_key')) throw error;
      this.#vaults.clear();
      return this.#world(intention, options);
    });
  }

  async #world(intention: Intention, options: InRegion): Promise<WorkspaceWorld> {
    const { region = DEFAULT_REGION, signal } = options;
    const vault = await this.vault(intention, options);
    const known = await this.tenantRegions(this.tenant, options);
    if (makesNothing(intention) && !known.includes(region)) throw this.#nothingYet(region);
    this.log?.(region === DEFAULT_REGION ? `tenant ${this.tenant}` : `tenant ${this.tenant} in ${region}`);
    const elsewhere = () => this.#anyOf(known, { signal });
    return {
      ...vault.world,
      monotonic: bootClock,
      vault: await vault.tenant(this.tenant, { signal, elsewhere }),
      offLimits: this.#offLimits,
      cacheDirectory: this.cacheDirectory,
      otherTree: async (ref, reading) =>
        namesRun(ref) ? (await import('./run-world.ts')).findTree(this, intention, ref, reading) : undefined,
    };
  }

  /**
   * Where a reference leads to; runs are in the default region.
   *
   * @param options with the region of a replica, if that is meant
   * @throws bad_input; workspace_not_found; as `world`
   */
  async worldOf(intention: Intention, ref: string, options: InRegion = {}): Promise<WorkspaceWorld> {
    const region = namesRun(ref) ? undefined : (await this.located(parseRef(ref).workspace, options)).region;
    return this.world(intention, { ...options, region });
  }

  /** Asks the database alone. @throws workspace_not_found; not_found as `records` */
  async located(name: string, { region, signal }: InRegion = {}): Promise<Located> {
    const { kysely } = await this.records({ signal });
    return getLocated(kysely, this.tenant, name, region);
  }

  /**
   * For a save into a workspace that may be a new one.
   *
   * @param options with the region of a new one
   * @throws refused if there is one in another region, or a replica and nothing else; as `world`
   */
  async worldToSave(name: string, options: InRegion = {}): Promise<WorkspaceWorld> {
    const { region, signal } = options;
    if (region !== undefined) this.regions.place(region);
    const { kysely } = await this.#openDatabase({ signal });
    const found = await locateToSave(kysely, this.tenant, name);
    if (found !== undefined && region !== undefined && found.region !== region)
      throw livesElsewhere(name, found.region, region);
    return this.world('write', { signal, region: found?.region ?? region });
  }

  /**
   * The database, with what it knows of the tenant in all regions. No store is asked.
   *
   * @throws not_found if it knows nothing of the tenant; if it was lost, as `Vault.open` of the default region
   */
  async records(options: Cancellable = {}): Promise<Pick<Database, 'kysely'> & { readonly tenant: string }> {
    if (!(await this.exists())) throw this.#nothingYet(DEFAULT_REGION);
    const database = await this.#openDatabase(options);
    // Else whoever lost the database is told that nothing was ever saved.
    if ((await this.tenantRegions(this.tenant, options)).length === 0) await this.world('read', options);
    return { kysely: database.kysely, tenant: this.tenant };
  }

  /** Made if it is not there. No store is asked. */
  database(options: Cancellable = {}): Promise<Database> {
    return this.#openDatabase(options);
  }

  /** Names of the regions that have a store, `default` in front. @throws not_found, as `vault` */
  async usedRegions(options: Cancellable = {}): Promise<readonly string[]> {
    if (!(await this.exists())) throw this.#nothingYet(DEFAULT_REGION);
    const found = await storedRegions(await this.#openDatabase(options));
    if (found.length === 0) await this.vault('read', options);
    const isOther = (region: string) => region !== DEFAULT_REGION;
    return [...found.filter((region) => !isOther(region)), ...found.filter(isOther)];
  }

  /** Those that a tenant, by default this one, has anything in, the oldest first. */
  async tenantRegions(tenant = this.tenant, options: Cancellable = {}): Promise<readonly string[]> {
    const { kysely } = await this.#openDatabase(options);
    const rows = kysely.selectFrom('tenants').select('region').where('name', '=', tenant);
    return (await rows.orderBy('created').execute()).map(({ region }) => region);
  }

  /** Of one of the used regions. Asks no store. */
  async storeId(region: string, options: Cancellable = {}): Promise<Uint8Array> {
    const known = await readHome({ database: await this.#openDatabase(options), region });
    return known?.store ?? (await this.vault('read', { ...options, region })).storeId;
  }

  /** Those that are declared; else this machine is one. */
  get executors(): readonly ExecutorDefinition[] {
    const { executors } = this.config;
    return executors.length > 0 ? executors : [thisMachine()];
  }

  /** Whether anything was ever kept here, be it that the database or the store is lost now. */
  async exists(): Promise<boolean> {
    return existsSync(this.databasePath) || (await isStore(this.regions.store(DEFAULT_REGION)));
  }

  /** The same of one region. */
  async hasStore({ region = DEFAULT_REGION, signal }: InRegion = {}): Promise<boolean> {
    if (existsSync(this.databasePath)) {
      const known = await storedRegions(await this.#openDatabase({ signal }));
      if (known.includes(region)) return true;
    }
    return isStore(this.regions.store(region));
  }

  /** Forgets what was opened with a key that is no longer the one. */
  reopen(): void {
    this.#vaults.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that could not be opened has nothing to close.
    const database = await this.#database?.catch(() => undefined);
    await this.regions[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
  }

  async #openVault(
    intention: Intention,
    { region = DEFAULT_REGION, signal }: InRegion,
    keys: FindRootKeys,
  ): Promise<Vault> {
    const store = this.regions.store(region);
    const database = await this.#openDatabase({ signal });
    const world = { region, store, database, clock: systemClock, random: systemRandom, log: this.log };
    const known = await storedRegions(database);
    // Else a mistyped passphrase would be the one of a new region, and of it alone.
    const other = known.includes(region) ? undefined : await this.#anyOf(known, { signal });
    if (other !== undefined) await checkRootKey(other, { signal });
    const vault = await Vault.open(world, keys, { attach: ATTACH[intention], signal });
    this.log?.(`store opened: ${store.label}, with the root key from ${describeSource(this.keySource)}`);
    return vault;
  }

  /** The first of these regions that can be asked. */
  async #anyOf(regions: readonly string[], options: Cancellable): Promise<Vault | undefined> {
    for (const region of regions.filter((name) => this.regions.names.includes(name))) {
      try {
        return await this.vault('read', { ...options, region });
      } catch (error) {
        if (!isStrataError(error, 'unavailable')) throw error;
        this.log?.(`region ${region} cannot be asked: ${error.message}`);
      }
    }
    return undefined;
  }

  async #openDatabase(options: Cancellable): Promise<Database> {
    const opening = (this.#database ??= this.#firstOpen(options));
    try {
      return await opening;
    } catch (error) {
      if (this.#database === opening) this.#database = undefined;
      if (isOfAnother(error, options)) return this.#openDatabase(options);
      throw error;
    }
  }

  async #firstOpen(options: Cancellable): Promise<Database> {
    const database = await openSqlite(this.databasePath, options);
    this.log?.(`database opened: ${this.databasePath}`);
    this.regions.record(database);
    return database;
  }

  get databasePath(): string {
    return databaseOf(this.config.home);
  }

  #nothingYet(region: string): StrataError {
    return nothingYet(this.config.home, this.tenant, region);
  }
}
