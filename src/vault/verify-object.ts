/** Verification of single objects. They come in the order of their names: keys before what they open. */

import { isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Findings } from './findings.ts';
import { Keyring } from './keyring.ts';
import { identityOf, packIdentity, parseName } from './names.ts';
import type { ParsedName } from './names.ts';
import { decodeHead } from './head-record.ts';
import type { HeadRecord } from './head-record.ts';
import { decodeOwner } from './owner-record.ts';
import { damaged } from '../chunk/index.ts';
import { getObject, getRecord } from './sealed-object.ts';
import { MAX_SEGMENT_BYTES, readSegment } from './segment.ts';
import type { EncodedTable } from './table.ts';
import { checkHead } from './tenant.ts';
import type { Vault } from './vault.ts';
import { checkPack } from './verify-pack.ts';

/** What the objects of one tenant turned out to be. */
export interface TenantObjects {
  /** Undefined if no key record of the tenant could be opened: then nothing else of it can. */
  keyring: Keyring | undefined;
  /** What packs say of themselves, by name. */
  readonly packs: Map<string, EncodedTable>;
  /** What the index says of packs, by name. */
  readonly indexed: Map<string, EncodedTable>;
  readonly heads: HeadRecord[];
}

export class ObjectCheck {
  /** By tenant id in hex. */
  readonly tenants = new Map<string, TenantObjects>();
  #hasOwner = false;
  readonly #vault: Vault;
  readonly #findings: Findings;
  readonly #options: Cancellable & { readonly readData?: boolean | undefined };

  constructor(
    vault: Vault,
    findings: Findings,
    options: Cancellable & { readonly readData?: boolean | undefined },
  ) {
    this.#vault = vault;
    this.#findings = findings;
    this.#options = options;
  }

  /** @throws what reading it threw: integrity, wrong_key, … */
  async object(parsed: Exclude<ParsedName, { kind: 'format' }>): Promise<void> {
    const { store } = this.#vault.world;
    const identity = identityOf(parsed)!;
    switch (parsed.kind) {
      case 'owner': {
        const owner = await getRecord(store, identity, this.#vault.findRootKey, decodeOwner, this.#options);
        if (owner.number !== parsed.number) throw damaged(identity, 'it has another number than its name');
        this.#hasOwner = true;
        return;
      }
      case 'keys': {
        const keys = await this.#vault.readKeys(parsed.tenant, parsed.number, this.#options);
        this.#tenant(parsed).keyring = new Keyring(keys);
        return;
      }
      default:
        return this.#ofTenant(parsed);
    }
  }

  async exists(name: string): Promise<boolean> {
    try {
      return (await this.#vault.world.store.size(name, this.#options)) !== undefined;
    } catch (error) {
      // Something that is no object has its name.
      if (isStrataError(error, 'integrity')) return true;
      throw error;
    }
  }

  /**
   * Whether a record that no key of ours opens is one that a rotation of the root key left when it was cut off or given up: another
   * one stands for it.
   */
  isSuperseded(name: string): boolean {
    const parsed = parseName(name);
    if (parsed?.kind === 'owner') return this.#hasOwner;
    return parsed?.kind === 'keys' && this.#tenant(parsed).keyring !== undefined;
  }

  async #ofTenant(parsed: Exclude<ParsedName, { kind: 'format' | 'owner' | 'keys' }>): Promise<void> {
    const { store } = this.#vault.world;
    const identity = identityOf(parsed)!;
    const { keyring, packs, indexed, heads } = this.#tenant(parsed);
    if (keyring === undefined) throw damaged(identity, 'no key record of its tenant can be opened');
    switch (parsed.kind) {
      case 'data':
      case 'tree':
        packs.set(identity.name, await checkPack(store, keyring, parsed, this.#findings, this.#options));
        return;
      case 'index': {
        const bytes = await getObject(store, identity, {
          signal: this.#options.signal,
          most: MAX_SEGMENT_BYTES,
        });
        const segment = await readSegment(identity, bytes, keyring);
        for (const table of segment.tables)
          indexed.set(packIdentity(parsed.tenant, table.type, table.pack).name, table);
        return;
      }
      case 'head': {
        const head = await getRecord(store, identity, keyring.find, decodeHead, this.#options);
        heads.push(checkHead(head, identity.name));
      }
    }
  }

  #tenant({ tenant }: Extract<ParsedName, { tenant: unknown }>): TenantObjects {
    const id = toHex(tenant);
    const known = this.tenants.get(id);
    if (known !== undefined) return known;
    const fresh = { keyring: undefined, packs: new Map(), indexed: new Map(), heads: [] };
    this.tenants.set(id, fresh);
    return fresh;
  }
}
