/** Chunks go in: each is hashed, looked up, and packed only if this tenant has it nowhere. */

import type { Random, Sha256 } from '../base/index.ts';
import { sha256 } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { CutTables } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { ContentSink, SharedSink } from './content.ts';
import type { Keyring } from './keyring.ts';
import { packId } from './names.ts';
import type { IntentId, PackType, SegmentId } from './names.ts';
import { PackMaker } from './pack-maker.ts';
import { PackUploads } from './pack-uploads.ts';
import { putSegment } from './segment.ts';
import { SharedIds } from './shared-ids.ts';
import { decodeOnlyTable } from './table.ts';
import type { PackTable } from './table.ts';
import type { WriterShare } from './thread-writer.ts';

export interface WriterWorld {
  readonly store: Store;
  readonly keyring: Keyring;
  /** What is stored already and may be referred to. */
  readonly index: Readonly<Record<PackType, ChunkIndex>>;
  readonly intent: IntentId;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
}

/** What a finished writer made durable. */
export class Written {
  /** Absent when there was nothing new. */
  readonly segment: { readonly id: SegmentId; readonly bytes: number } | undefined;
  /** Plain bytes of file data that this tenant did not have. */
  readonly newBytes: number;
  /** What packs and index grew by. */
  readonly storedBytes: number;
  readonly #encoded: readonly Uint8Array[];

  constructor(
    encoded: readonly Uint8Array[],
    segment: Written['segment'],
    sizes: Pick<Written, 'newBytes' | 'storedBytes'>,
  ) {
    this.#encoded = encoded;
    this.segment = segment;
    this.newBytes = sizes.newBytes;
    this.storedBytes = sizes.storedBytes;
  }

  /** Of the packs. Decoded by each call: a million chunks are a million objects. */
  get tables(): readonly PackTable[] {
    return this.#encoded.map((bytes) => decodeOnlyTable(bytes, 'a table of our own'));
  }
}

export class VaultWriter implements ContentSink {
  readonly cutTables: CutTables;
  readonly #world: WriterWorld;
  readonly #uploads: PackUploads;
  readonly #makers: Readonly<Record<PackType, PackMaker>>;
  /** What this save has packed itself: not in the index before it is committed. */
  readonly #own: Readonly<Record<PackType, SharedIds>> = { data: new SharedIds(), tree: new SharedIds() };
  /** How many packs were begun, by all threads together. */
  readonly #packs = new Uint32Array(new SharedArrayBuffer(4));
  #newBytes = 0;

  constructor(world: WriterWorld) {
    const { keyring, random, intent } = world;
    this.#world = world;
    this.cutTables = keyring.cutTables;
    this.#uploads = new PackUploads(world.store, keyring.tenant, world.signal);
    const maker = (type: PackType) =>
      new PackMaker({
        type,
        tenant: keyring.tenant,
        key: keyring.seal(type),
        random,
        nextPackId: () => packId(intent, Atomics.add(this.#packs, 0, 1)),
        emit: (part) => this.#uploads.take(part),
      });
    this.#makers = { data: maker('data'), tree: maker('tree') };
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

  has(bytes: Uint8Array, at: number): boolean {
    return this.#world.index.data.hasAt(bytes, at);
  }

  hasNode(id: Sha256): boolean {
    return this.#world.index.tree.has(id);
  }

  drain(): Promise<void> {
    return this.#uploads.drain();
  }

  /** For threads that take file data at the same time. */
  get shared(): SharedSink {
    const { keyring, index, intent } = this.#world;
    const { tenant, cutTables } = keyring;
    const share: WriterShare = {
      tenant,
      key: keyring.seal('data'),
      cutTables,
      intent,
      packs: this.#packs,
      index: index.data.share(),
      own: this.#own.data.share(),
    };
    return {
      share,
      take: ({ part, newBytes }) => {
        if (part !== undefined) this.#uploads.take(part);
        this.#newBytes += newBytes;
      },
    };
  }

  /** Stores what is left, then the index segment. A reference to any chunk may be written after this, not before. */
  async finish(): Promise<Written> {
    const { store, keyring, random, signal } = this.#world;
    this.#makers.data.finish();
    this.#makers.tree.finish();
    const tables = await this.#uploads.finish();
    if (tables.length === 0) return new Written(tables, undefined, { newBytes: 0, storedBytes: 0 });
    const id = random(ID_BYTES) as SegmentId;
    const bytes = await putSegment(store, keyring, id, { tables, replaces: [] }, random, { signal });
    const storedBytes = this.#uploads.storedBytes + bytes;
    return new Written(tables, { id, bytes }, { newBytes: this.#newBytes, storedBytes });
  }

  async abort(reason: Error): Promise<void> {
    await this.#uploads.abort(reason);
  }

  /** @returns whether it was new */
  #add(type: PackType, id: Sha256, bytes: Uint8Array): boolean {
    if (this.#world.index[type].has(id) || !this.#own[type].claim(id, 0)) return false;
    this.#makers[type].add(id, bytes);
    return true;
  }
}
