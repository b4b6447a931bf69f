/** Chunks go in: each is hashed, looked up, and packed only if this tenant has it nowhere. */

import type { Log, Random, Sha256 } from '../base/index.ts';
import { sha256, toHex } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { CutTables } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { addTables, emptyIndex } from './chunk-index.ts';
import type { ChunkIndex, TenantIndex } from './chunk-index.ts';
import type { ContentSink, SharedSink } from './content.ts';
import { IdTable } from './id-table.ts';
import type { Keyring } from './keyring.ts';
import { packId } from './names.ts';
import type { IntentId, PackType, SegmentId } from './names.ts';
import type { OnSent } from './pack-uploads.ts';
import { PackWriter } from './pack-writer.ts';
import { putSegment } from './segment.ts';
import { SharedIds } from './shared-ids.ts';
import { checkOnlyTable, tableOf } from './table.ts';
import type { EncodedTable, PackTable } from './table.ts';
import { shareWriter } from './thread-writer.ts';

export interface WriterWorld {
  readonly store: Store;
  readonly keyring: Keyring;
  /** What is stored already and may be referred to. */
  readonly index: Readonly<Record<PackType, ChunkIndex>>;
  /** Of packs that are stored and not in the index: they may be referred to, and the segment tells of them. */
  readonly takenOver?: readonly EncodedTable[] | undefined;
  readonly intent: IntentId;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  readonly log?: Log | undefined;
  readonly onSent?: OnSent | undefined;
}

/** What a finished writer made durable. */
export interface Written {
  /** Absent when there was nothing new. */
  readonly segment?: { readonly id: SegmentId; readonly bytes: number };
  /** Of the packs that were written. Decoded when it is asked for: a million chunks are a million objects. */
  readonly tables: readonly PackTable[];
  /** Plain bytes of file data that this tenant did not have. */
  readonly newBytes: number;
  /** What packs and index grew by. */
  readonly storedBytes: number;
}

export class VaultWriter implements ContentSink {
  readonly cutTables: CutTables;
  readonly #world: WriterWorld;
  /** Of this save alone: if it is given up, others must not have referred to what is in it. */
  readonly #takenOver: TenantIndex | undefined;
  readonly #packs: Readonly<Record<PackType, PackWriter>>;
  /** What this save has packed itself: not in the index before it is committed. Threads take only data. */
  readonly #ownData = new SharedIds();
  readonly #ownTree = new IdTable();
  /** How many packs were begun, by all threads together. */
  readonly #begun = new Uint32Array(new SharedArrayBuffer(4));
  #newBytes = 0;

  constructor(world: WriterWorld) {
    this.#world = world;
    const { takenOver = [] } = world;
    if (takenOver.length > 0) addTables((this.#takenOver = emptyIndex()), takenOver);
    this.cutTables = world.keyring.cutTables;
    const nextPackId = () => packId(world.intent, Atomics.add(this.#begun, 0, 1));
    const packs = { ...world, signal: world.signal, log: world.log, nextPackId };
    this.#packs = { data: new PackWriter('data', packs), tree: new PackWriter('tree', packs) };
  }

  chunk(bytes: Uint8Array): Sha256 {
    const id = sha256(bytes);
    if (this.#add('data', id, bytes)) this.#newBytes += bytes.length;
    return id;
  }

  node(bytes: Uint8Array): Sha256 {
    const id = sha256(bytes);
    this.#add('tree', id, bytes);
    return id;
  }

  /** Plain bytes of file data so far that this tenant did not have. */
  get newBytes(): number {
    return this.#newBytes;
  }

  has(bytes: Uint8Array, at: number): boolean {
    return this.#hasAt('data', bytes, at);
  }

  /** Not of a node that was taken over: whoever knows the top of a tree relies on the rest, and not all of that may have been sent. */
  hasNode(id: Sha256): boolean {
    return this.#world.index.tree.has(id);
  }

  async drain(): Promise<void> {
    await this.#packs.data.drain();
    await this.#packs.tree.drain();
  }

  /** For threads that take file data at the same time. */
  get shared(): SharedSink {
    const { store, keyring, index, intent } = this.#world;
    const { tenant, cutTables } = keyring;
    const share = shareWriter({
      tenant,
      key: keyring.seal('data'),
      cutTables,
      intent,
      packs: this.#begun,
      index: index.data.share(),
      takenOver: this.#takenOver?.data.share(),
      own: this.#ownData.share,
    });
    return {
      share,
      take: ({ part, newBytes }) => {
        if (part !== undefined) this.#packs.data.take(part);
        this.#newBytes += newBytes;
      },
      isFar: store.isFar === true,
    };
  }

  /** Stores what is left, then the index segment. A reference to any chunk may be written after this, not before. */
  async finish(): Promise<Written> {
    const { store, keyring, random, signal, log } = this.#world;
    const tables = (await Promise.all([this.#packs.data.finish(), this.#packs.tree.finish()])).flat();
    const packed = this.#packs.data.storedBytes + this.#packs.tree.storedBytes;
    const { takenOver = [] } = this.#world;
    if (tables.length + takenOver.length === 0) return { tables: [], newBytes: 0, storedBytes: 0 };
    const encoded = tables.map((bytes) => checkOnlyTable(bytes, 'a table of our own'));
    const id = random(ID_BYTES) as SegmentId;
    const segment = { tables: [...takenOver, ...encoded], replaces: [] };
    const bytes = await putSegment(store, keyring, id, segment, random, { signal });
    log?.(`index segment ${toHex(id)} stored, ${bytes} bytes`);
    const decoded = once(() => encoded.map(tableOf));
    return {
      segment: { id, bytes },
      get tables() {
        return decoded();
      },
      newBytes: this.#newBytes,
      storedBytes: packed + bytes,
    };
  }

  async abort(reason: Error): Promise<void> {
    await Promise.all([this.#packs.data.abort(reason), this.#packs.tree.abort(reason)]);
  }

  #hasAt(type: PackType, bytes: Uint8Array, at: number): boolean {
    return this.#world.index[type].hasAt(bytes, at) || this.#takenOver?.[type].hasAt(bytes, at) === true;
  }

  /** @returns whether it was new */
  #add(type: PackType, id: Sha256, bytes: Uint8Array): boolean {
    if (this.#hasAt(type, id, 0)) return false;
    const isNew = type === 'data' ? this.#ownData.claim(id, 0) : this.#ownTree.add(id);
    if (isNew) this.#packs[type].add(id, bytes);
    return isNew;
  }
}

function once<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= make());
}
