/** Opening a store with its keys, and the tenants in it. */

import { equalBytes, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { SealingKey } from '../chunk/index.ts';
import { putFormat, readFormat } from './format.ts';
import { NO_HOME, checkRegion, knowsTenants, putHome, readHome, storedRegions } from './home.ts';
import { Keyring } from './keyring.ts';
import { holdsAny } from './listing.ts';
import { KEYS_PREFIX, OWNER_PREFIX, keysIdentity } from './names.ts';
import type { TenantId } from './names.ts';
import { latestOwner } from './owner.ts';
import { Ownership } from './ownership.ts';
import { encodeKeys } from './keys-record.ts';
import type { KeysRecord } from './keys-record.ts';
import { readKeys, readKeysInForce } from './read-keys.ts';
import { checkStillRootKey } from './right-key.ts';
import { checkStore, formatLost, noRecord } from './right-store.ts';
import { ROOT_KEY_BYTES, rootKeyId, rootSealingKey } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import { putRecord } from './sealed-object.ts';
import type { FindKey } from './sealed-object.ts';
import { TenantVault } from './tenant.ts';
import type { VaultWorld } from './world.ts';

/**
 * The root keys that may open the store, the one that seals new records first; more than one only while the root key is
 * being replaced.
 *
 * @param storeId salts a passphrase
 * @param fresh whether the first store of a home is being made now, so that a new key may be made
 */
export type FindRootKeys = (
  storeId: Uint8Array,
  fresh: boolean,
  options: Cancellable,
) => Promise<readonly [RootSecret, ...RootSecret[]]>;

export interface OpenVaultOptions extends Cancellable {
  /**
   * What to do with a store that the database does not know: `read` in it what another home has there; `own` it, whoever does; or, as
   * its database is being made anew, `rebuild`, which owns it if this home never was told that another one does.
   */
  readonly attach?: 'read' | 'own' | 'rebuild' | undefined;
}

export interface TenantOptions extends Cancellable {
  /**
   * Where the tenant is already, in another region, if it is made now: files are cut there and here at the same places then, and equal
   * trees have equal digests. Undefined: nowhere that can be asked.
   */
  readonly elsewhere?: (() => Promise<Vault | undefined>) | undefined;
}

export interface TenantInfo {
  readonly name: string;
  readonly keyVersions: number;
  readonly created: number;
}

/** Of a tenant in a database that has never seen a collection of it. */
export const FIRST_EPOCH = 1;

export class Vault {
  readonly world: VaultWorld;
  readonly storeId: Uint8Array;
  readonly homeId: Uint8Array;
  readonly findRootKey: FindKey;
  readonly #rootKey: SealingKey;
  readonly #rootSecrets: readonly [RootSecret, ...RootSecret[]];
  readonly #ownership: Ownership;
  /** By which people tell root keys apart. */
  readonly rootKeyId: string;

  private constructor(
    world: VaultWorld,
    storeId: Uint8Array,
    homeId: Uint8Array,
    rootSecrets: readonly [RootSecret, ...RootSecret[]],
    ownership?: Ownership,
  ) {
    this.world = world;
    this.storeId = storeId;
    this.homeId = homeId;
    this.#rootSecrets = rootSecrets;
    const keys = rootSecrets.map(rootSealingKey);
    this.findRootKey = (id) => keys.find((key) => equalBytes(key.id, id));
    this.#rootKey = rootSealingKey(rootSecrets[0]);
    this.rootKeyId = rootKeyId(rootSecrets[0]);
    this.#ownership =
      ownership ?? new Ownership(world, homeId, { rootKey: this.#rootKey, findRootKey: this.findRootKey });
  }

  /**
   * Opens the store of this home, or makes one where there is neither a store nor a record of one.
   *
   * @throws unavailable if the database knows a store that is not there; integrity if only its `format` is gone, which is
   *   written anew when it is attached; not_ours if it is another; wrong_key;
   *   not_found if there is a store but no record of it, unless it is attached
   */
  static async open(
    world: VaultWorld,
    findRootKeys: FindRootKeys,
    options: OpenVaultOptions = {},
  ): Promise<Vault> {
    const { store, random } = world;
    const { attach } = options;
    const known = await readHome(world);
    let storeId = await readFormat(store, options);
    if (known !== undefined) {
      if (storeId === undefined && (await holdsAny(store, KEYS_PREFIX, options))) {
        if (attach === undefined) throw formatLost(store.label);
        await putFormat(store, known.store, options);
        storeId = known.store;
      }
      checkStore(world, known.store, storeId);
      // A tenant comes after all of the first start.
      if (await knowsTenants(world)) {
        const vault = new Vault(
          world,
          known.store,
          known.id,
          await findRootKeys(known.store, false, options),
        );
        if (attach === 'own') await vault.#ownership.takeOver(options);
        return vault;
      }
    }
    if (storeId !== undefined) await checkRegion(world, storeId);
    const hasKeys = await holdsAny(store, KEYS_PREFIX, options);
    if (hasKeys && known === undefined && attach === undefined) {
      // Another first use was faster: it has made the home before the tenant.
      if ((await readHome(world)) !== undefined) return Vault.open(world, findRootKeys, options);
      throw noRecord(world);
    }
    const others = (await storedRegions(world.database)).filter((region) => region !== world.region);
    const fresh = others.length === 0 && !hasKeys && !(await holdsAny(store, OWNER_PREFIX, options));
    if (storeId === undefined) {
      await putFormat(store, random(ID_BYTES), options);
      // Whoever came first has named the store.
      storeId = (await readFormat(store, options))!;
    }
    const secrets = await findRootKeys(storeId, fresh, options);
    const provisional = new Vault(world, storeId, NO_HOME, secrets);
    // The home's row comes before the owner record that names it: so a start that was cut off knows its own, and takes nobody else's.
    const home = known ?? (await putHome(world, storeId, attach === 'read' ? 'reader' : 'owner'));
    if (known === undefined) await checkStillRootKey(world, home, secrets[0], findRootKeys, options);
    const takes = attach === 'own' || (attach === 'rebuild' && home.owner === 0);
    if (home.role === 'owner' && !takes)
      await provisional.#ownership.begin(home, { isNew: known === undefined }, options);
    const vault = new Vault(world, storeId, home.id, secrets);
    if (takes) await vault.#ownership.takeOver(options);
    return vault;
  }

  /** As this one, past all that is kept of the store elsewhere: for who has to know what is really there. */
  get itself(): Vault {
    const { itself } = this.world.store;
    if (itself === undefined) return this;
    const world = { ...this.world, store: itself };
    return new Vault(world, this.storeId, this.homeId, this.#rootSecrets, this.#ownership.by(itself));
  }

  /** Whether it was another home's until it was opened here. */
  get tookOver(): boolean {
    return this.#ownership.tookOver;
  }

  /** As `Ownership.complete`. */
  completeTakeOver(): Promise<void> {
    return this.#ownership.complete();
  }

  /** The vault of a tenant; made if there is no such tenant yet. @throws wrong_key, integrity */
  async tenant(name: string, options: TenantOptions = {}): Promise<TenantVault> {
    const record = (await this.#findTenant(name, options)) ?? (await this.#createTenant(name, options));
    return new TenantVault(this.world, name, new Keyring(record), {
      checkOwner: (cancellable) => this.checkOwner(cancellable),
      latestKeys: (cancellable) => this.#findTenant(name, cancellable),
    });
  }

  /** Before anything is published or deleted. @throws not_ours if another home has taken the store over */
  checkOwner(options: Cancellable = {}): Promise<void> {
    return this.#ownership.check(options);
  }

  /** Every tenant of the store, by name. */
  async tenants(options: Cancellable = {}): Promise<readonly TenantInfo[]> {
    const { database, region } = this.world;
    const rows = await database.kysely
      .selectFrom('tenants')
      .selectAll()
      .where('region', '=', region)
      .orderBy('name')
      .execute();
    const infos: TenantInfo[] = [];
    for (const row of rows) {
      const { versions } = await readKeysInForce(this.world, this.findRootKey, row, options);
      infos.push({ name: row.name, keyVersions: versions.length, created: row.created });
    }
    return infos;
  }

  readKeys(tenant: TenantId, number: number, options: Cancellable = {}): Promise<KeysRecord> {
    return readKeys(this.world, this.findRootKey, tenant, number, options);
  }

  /** Stores a key record under its number. @returns 'exists' if that is taken */
  putKeys(record: KeysRecord, options: Cancellable = {}): Promise<'created' | 'exists'> {
    const { store, random } = this.world;
    const identity = keysIdentity(record.tenant, record.number);
    return putRecord(store, this.#rootKey, identity, encodeKeys(record), random, options);
  }

  async #findTenant(name: string, options: Cancellable): Promise<KeysRecord | undefined> {
    const row = await this.world.database.kysely
      .selectFrom('tenants')
      .selectAll()
      .where('region', '=', this.world.region)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && readKeysInForce(this.world, this.findRootKey, row, options);
  }

  async #createTenant(name: string, options: TenantOptions): Promise<KeysRecord> {
    const { store, database, random, clock, region } = this.world;
    this.#ownership.checkRole(await readHome(this.world));
    const created = clock();
    const elsewhere = await options.elsewhere?.();
    const model = elsewhere && (await elsewhere.#findTenant(name, options));
    const record: KeysRecord = {
      tenant: random(ID_BYTES) as TenantId,
      number: 1,
      name,
      cutKey: model?.cutKey ?? random(ROOT_KEY_BYTES),
      versions: [{ version: 1, secret: random(ROOT_KEY_BYTES), created }],
    };
    const identity = keysIdentity(record.tenant, record.number);
    await this.putKeys(record, options);
    const made = await database.kysely
      .insertInto('tenants')
      .values({ id: toHex(record.tenant), region, name, key_seq: record.number, created, epoch: FIRST_EPOCH })
      .onConflict((conflict) => conflict.columns(['region', 'name']).doNothing())
      .executeTakeFirst();
    if (made.numInsertedOrUpdatedRows !== 0n) {
      try {
        // If the root key was replaced meanwhile, what the old one sealed would be lost with it.
        await latestOwner(store, this.findRootKey, options);
        return record;
      } catch (error) {
        await database.kysely.deleteFrom('tenants').where('id', '=', toHex(record.tenant)).execute();
        await store.delete(identity.name);
        throw error;
      }
    }
    // Another process made the tenant at the same moment, with other keys: its record is the one.
    await store.delete(identity.name);
    return (await this.#findTenant(name, options))!;
  }
}
