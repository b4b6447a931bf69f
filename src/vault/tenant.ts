/** The vault of one tenant: its keys, its index, what is read from it and saved into it. */

import { ahead, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { ListOptions } from '../store/index.ts';
import type { LookUp } from './announce.ts';
import { noteSuspects, suspectsOf } from './apart.ts';
import type { Suspicion } from './apart.ts';
import { atOnce } from './at-once.ts';
import type { TenantIndex } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import type { KeysRecord } from './keys-record.ts';
import { LoadedIndex } from './loaded-index.ts';
import type { IndexUse } from './loaded-index.ts';
import { LocalFile } from './local-file.ts';
import { headIdentity, headsPrefix, parseName } from './names.ts';
import type { TenantId, WorkspaceId } from './names.ts';
import { Pin } from './pin.ts';
import { VaultReader } from './reader.ts';
import { decodeHead, encodeHead } from './head-record.ts';
import type { HeadRecord } from './head-record.ts';
import type { Usage } from './report.ts';
import { Save } from './save.ts';
import { getRecord, putRecord } from './sealed-object.ts';
import { openRow, sealRow } from './sealed-row.ts';
import type { VaultWorld } from './world.ts';

interface HeadNumber {
  readonly workspace: WorkspaceId;
  readonly seq: number;
}

/** What a tenant's part asks of the whole. */
interface Asked {
  /** @throws not_ours if another home has taken the store over */
  readonly checkOwner: (options: Cancellable) => Promise<void>;
  /** The record that is in force by now; undefined if the tenant is gone. @throws as `Vault.tenant` */
  readonly latestKeys: (options: Cancellable) => Promise<KeysRecord | undefined>;
}

export class TenantVault {
  readonly name: string;
  readonly keyring: Keyring;
  readonly #world: VaultWorld;
  /** Made when they are first asked for: few want both. */
  readonly #indexes: Partial<Record<IndexUse, LoadedIndex>> = {};
  readonly checkOwner: Asked['checkOwner'];
  readonly #latestKeys: Asked['latestKeys'];

  constructor(world: VaultWorld, name: string, keyring: Keyring, { checkOwner, latestKeys }: Asked) {
    this.#world = world;
    this.checkOwner = checkOwner;
    this.#latestKeys = latestKeys;
    this.name = name;
    this.keyring = keyring;
  }

  get id(): TenantId {
    return this.keyring.tenant;
  }

  /** The index as of now: what other processes have committed is in it. */
  index(options: Cancellable = {}, use: IndexUse = 'read'): Promise<TenantIndex> {
    const loaded = (this.#indexes[use] ??= new LoadedIndex(this.#world, this.keyring, use));
    return this.#withLatestKeys(() => loaded.now(options), options);
  }

  /** Another process may have given the tenant a new key since this one began, and what it stored then is told of by the index, or a head. */
  async #withLatestKeys<Result>(read: () => Promise<Result>, options: Cancellable): Promise<Result> {
    const { keyring } = this;
    const known = keyring.size;
    try {
      return await read();
    } catch (error) {
      if (!isStrataError(error, 'wrong_key')) throw error;
      const record = await this.#latestKeys(options);
      if (record !== undefined) keyring.take(record);
      // Another call may have taken it.
      if (keyring.size === known) throw error;
      this.#world.log?.(`tenant ${this.name} has a new key`);
      return read();
    }
  }

  async reader(options: Cancellable = {}): Promise<VaultReader> {
    const index = await this.index(options);
    return new VaultReader({
      store: this.#world.store,
      keyring: this.keyring,
      index,
      signal: options.signal,
    });
  }

  /** Announces a save. Dispose of it in any case: without a commit what it stored is left to the collector. */
  async beginSave(options: Cancellable = {}): Promise<Save> {
    await this.checkOwner(options);
    // The intent comes first: what the index shows after it cannot be collected before the save has ended.
    return Save.begin(this.#world, this.keyring, () => this.index(options, 'save'), options);
  }

  /** What is found stays until this is disposed of. */
  async pin<Found>(lookUp: LookUp<Found>, options: Cancellable = {}): Promise<Pin<Found>> {
    return Pin.begin(this.#world, this.keyring, lookUp, () => this.reader(options), options);
  }

  /** A file beside the store that only this tenant can read. @param kind as for `LocalFile` */
  localFile(path: string, kind: string): LocalFile {
    return new LocalFile(path, kind, this.keyring, this.#world.random);
  }

  /** For a row of the database, which others may read. @param name as of `sealRow` */
  sealRow(name: string, plain: Uint8Array): Uint8Array {
    return sealRow(this.keyring, name, plain, this.#world.random);
  }

  /** @throws integrity; wrong_key */
  openRow(name: string, sealed: Uint8Array): Uint8Array {
    return openRow(this.keyring, name, sealed);
  }

  /**
   * Objects of which a reader has said that they are not whole: a save that meets what was in their packs stores it anew.
   *
   * @param names as in `details.object` of its errors; others are passed over
   */
  async doubt(names: Iterable<string>, options: Cancellable = {}): Promise<void> {
    const { database, store, clock } = this.#world;
    const found = new Map<string, Suspicion>();
    for (const name of names) {
      const parsed = parseName(name);
      if (parsed?.kind !== 'data' && parsed?.kind !== 'tree') continue;
      const isThere = (await store.size(name, options)) !== undefined;
      found.set(toHex(parsed.pack), { kind: parsed.kind, reason: isThere ? 'damaged' : 'missing' });
    }
    await noteSuspects(database, this.id, found, clock(), options);
  }

  /** Whether there are packs that are known to be missing or damaged. */
  async hasSuspects(): Promise<boolean> {
    return (await suspectsOf(this.#world.database.kysely, this.id)).length > 0;
  }

  /** @returns 'exists' if that head was published before, with whatever it says */
  async publishHead(head: HeadRecord, options: Cancellable = {}): Promise<'created' | 'exists'> {
    await this.checkOwner(options);
    const identity = headIdentity(this.id, head.workspace, head.seq);
    return putRecord(
      this.#world.store,
      this.keyring.seal('head'),
      identity,
      encodeHead(head),
      this.#world.random,
      options,
    );
  }

  /** @throws integrity */
  async readHead(workspace: WorkspaceId, seq: number, options: Cancellable = {}): Promise<HeadRecord> {
    const identity = headIdentity(this.id, workspace, seq);
    const read = () => getRecord(this.#world.store, identity, this.keyring.find, decodeHead, options);
    const head = await this.#withLatestKeys(read, options);
    return checkHead(head, identity.name);
  }

  /** The database must say that it was removed. */
  deleteHead(workspace: WorkspaceId, seq: number, options?: Cancellable): Promise<void> {
    return this.#world.store.delete(headIdentity(this.id, workspace, seq).name, options);
  }

  async hasHead(workspace: WorkspaceId, seq: number, options?: Cancellable): Promise<boolean> {
    const { name } = headIdentity(this.id, workspace, seq);
    return (await this.#world.store.size(name, options)) !== undefined;
  }

  /** The numbers of a workspace's heads in the store, from one on, ascending; in one request, if they are few. Reads none of them. */
  async headsFrom(
    workspace: WorkspaceId,
    seq: number,
    options: Cancellable = {},
  ): Promise<readonly number[]> {
    const { name: after } = headIdentity(this.id, workspace, seq - 1);
    const prefix = `${headsPrefix(this.id)}${toHex(workspace)}/`;
    const found: number[] = [];
    for await (const head of this.#listHeads(prefix, { ...options, after })) found.push(head.seq);
    return found;
  }

  /** Of every head in the store, by workspace and number. Reads none of them. */
  headNumbers(options: Cancellable = {}): AsyncIterable<HeadNumber> {
    return this.#listHeads(headsPrefix(this.id), options);
  }

  async *#listHeads(prefix: string, options: ListOptions): AsyncGenerator<HeadNumber, void> {
    for await (const { name } of this.#world.store.list(prefix, options)) {
      const parsed = parseName(name);
      if (parsed?.kind === 'head') yield parsed;
    }
  }

  /**
   * Every head in the store, by workspace and number.
   *
   * @param unreadable takes the names of those that are damaged; without it they are an error
   * @throws integrity
   */
  async *heads(options: Cancellable = {}, unreadable?: string[]): AsyncGenerator<HeadRecord, void> {
    const read = async ({ workspace, seq }: HeadNumber): Promise<HeadRecord | undefined> => {
      try {
        return await this.readHead(workspace, seq, options);
      } catch (error) {
        if (unreadable === undefined || !isDamage(error)) throw error;
        unreadable.push(headIdentity(this.id, workspace, seq).name);
        return undefined;
      }
    };
    const most = atOnce(this.#world.store);
    for await (const head of ahead(this.headNumbers(options), most, read)) if (head !== undefined) yield head;
  }

  async usage(options: Cancellable = {}): Promise<Usage> {
    const { data, tree } = await this.index(options);
    let storedBytes = 0;
    for await (const { size } of this.#world.store.list('', options)) storedBytes += size;
    let packedBytes = 0;
    for (const { block } of data.blocks()) packedBytes += block.frameLength;
    return {
      uniqueBytes: data.plainBytes,
      packedBytes,
      storedBytes,
      packs: data.packs + tree.packs,
      chunks: data.size,
    };
  }
}

/** What is wrong with one object, and not with the store or the keys as a whole. */
function isDamage(error: unknown): boolean {
  return isStrataError(error, 'integrity') || isStrataError(error, 'wrong_key');
}

/** A head says itself where it belongs. @throws integrity if that is not where it was found */
export function checkHead(head: HeadRecord, name: string): HeadRecord {
  const parsed = parseName(name);
  if (parsed?.kind === 'head' && toHex(parsed.workspace) === toHex(head.workspace) && parsed.seq === head.seq)
    return head;
  throw damaged({ name }, 'it belongs to another workspace or number');
}
