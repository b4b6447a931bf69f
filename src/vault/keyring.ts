/** The keys of one tenant, derived and ready: what seals new objects, and what opens old ones. */

import { equalBytes, toHex } from '../base/index.ts';
import { CUT_SEED_BYTES, cutTables, derive, keyId } from '../chunk/index.ts';
import type { CutTables, ObjectType, SealingKey } from '../chunk/index.ts';
import type { TenantId } from './names.ts';
import type { KeysRecord } from './keys-record.ts';

const KEY_BYTES = 32;

/** Objects of a tenant are sealed with one of two keys, so that a grant for trees need not open file data. */
type Purpose = 'data' | 'tree';

export class Keyring {
  readonly tenant: TenantId;
  readonly cutTables: CutTables;
  readonly #byId = new Map<string, SealingKey>();
  #newest!: Record<Purpose, SealingKey>;

  constructor(record: KeysRecord) {
    this.tenant = record.tenant;
    this.cutTables = cutTables(derive(record.cutKey, 'strata cut v1', CUT_SEED_BYTES));
    this.take(record);
  }

  /** Takes over a later record of the same tenant; one of another is passed over. */
  take(record: KeysRecord): void {
    if (!equalBytes(record.tenant, this.tenant)) return;
    const derived = record.versions.map(({ secret }) => ({
      data: sealingKey(secret, 'data'),
      tree: sealingKey(secret, 'tree'),
    }));
    for (const { data, tree } of derived) {
      this.#byId.set(toHex(data.id), data);
      this.#byId.set(toHex(tree.id), tree);
    }
    // A decoded record has at least one version.
    this.#newest = derived.at(-1)!;
  }

  /** How many keys are known; they only become more. */
  get size(): number {
    return this.#byId.size;
  }

  /** The key for a new object. */
  seal(type: ObjectType): SealingKey {
    return this.#newest[type === 'data' ? 'data' : 'tree'];
  }

  /** Those that open the tenant's objects. */
  get keys(): readonly SealingKey[] {
    return [...this.#byId.values()];
  }

  readonly find = (id: Uint8Array): SealingKey | undefined => this.#byId.get(toHex(id));
}

function sealingKey(secret: Uint8Array, purpose: Purpose): SealingKey {
  const derived = derive(secret, `strata ${purpose} v1`, KEY_BYTES);
  return { id: keyId(derived), secret: derived };
}
