/** Chunks become blocks, blocks become packs, packs go to the store while the save goes on. */

import { StrataError } from '../base/index.ts';
import type { Random, Sha256 } from '../base/index.ts';
import { HEADER_BYTES, MAX_FRAME_PLAIN, ObjectSealer } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { FrameQueue } from './frame-queue.ts';
import type { Keyring } from './keyring.ts';
import { packIdentity } from './names.ts';
import type { PackId, PackType } from './names.ts';
import { FOOTER_BYTES, sealTrailer } from './sealed-object.ts';
import { MAX_PACK_CHUNKS, encodeTable } from './table.ts';
import type { BlockRow, ChunkRow, PackTable } from './table.ts';

/** Plain bytes at which a block is sealed: one zstd call and one AEAD call for all its chunks. */
const BLOCK_BYTES = 1024 * 1024;
/** Chunks at which a block is sealed: tiny files must not fill the table of their pack in one block. */
const BLOCK_CHUNKS = 16 * 1024;
/** Stored bytes at which a pack is closed. */
const PACK_BYTES = 32 * 1024 * 1024;
/** Sealed bytes that may wait for the store before the maker has to. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Packs on their way to the store at a time, beside the one that is being filled. */
const MAX_UPLOADS = 3;

export interface PackWriterWorld {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  /** The next pack id of the save's intent. */
  readonly nextPackId: () => PackId;
}

interface OpenPack {
  readonly id: PackId;
  readonly sealer: ObjectSealer;
  readonly queue: FrameQueue;
  readonly blocks: BlockRow[];
  chunks: number;
  bytes: number;
}

/** Writes the packs of one type for one save. */
export class PackWriter {
  readonly #type: PackType;
  readonly #world: PackWriterWorld;
  readonly #tables: PackTable[] = [];
  readonly #uploads = new Set<Promise<void>>();
  readonly #queues = new Set<FrameQueue>();
  #block = new Uint8Array(BLOCK_BYTES);
  #blockLength = 0;
  #blockChunks: ChunkRow[] = [];
  #pack: OpenPack | undefined;
  #storedBytes = 0;
  #failure: unknown;
  /** Wakes those who wait in `drain`. */
  #waiters: (() => void)[] = [];

  constructor(type: PackType, world: PackWriterWorld) {
    this.#type = type;
    this.#world = world;
  }

  /** Stored bytes of the packs so far. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Takes one new chunk, at most `MAX_FRAME_PLAIN` bytes; `bytes` may be reused afterwards. */
  add(id: Sha256, bytes: Uint8Array): void {
    if (bytes.length > MAX_FRAME_PLAIN) throw new StrataError('internal', 'a chunk is too long for a block');
    if (this.#blockLength > 0 && this.#blockLength + bytes.length > BLOCK_BYTES) this.#sealBlock();
    if (bytes.length > this.#block.length) this.#block = new Uint8Array(bytes.length);
    this.#block.set(bytes, this.#blockLength);
    this.#blockLength += bytes.length;
    this.#blockChunks.push({ id, length: bytes.length });
    if (this.#blockLength >= BLOCK_BYTES || this.#blockChunks.length >= BLOCK_CHUNKS) this.#sealBlock();
  }

  /** Returns when little enough is waiting for the store. @throws what the store threw */
  async drain(): Promise<void> {
    while (this.#failure === undefined && this.#waiting()) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Every chunk taken is durable when this returns. */
  async finish(): Promise<readonly PackTable[]> {
    if (this.#blockChunks.length > 0) this.#sealBlock();
    this.#closePack();
    await Promise.all(this.#uploads);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#tables;
  }

  /** Drops what is on its way. Packs that are stored already stay: their intent names them for the collector. */
  async abort(reason: Error): Promise<void> {
    for (const queue of this.#queues) queue.fail(reason);
    await Promise.all(this.#uploads);
  }

  #progressed(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #waiting(): boolean {
    if (this.#uploads.size > MAX_UPLOADS) return true;
    let bytes = 0;
    for (const queue of this.#queues) bytes += queue.waitingBytes;
    return bytes > MAX_WAITING_BYTES;
  }

  #sealBlock(): void {
    const pack = (this.#pack ??= this.#openPack());
    const plain = this.#block.subarray(0, this.#blockLength);
    const frame = pack.sealer.frame(pack.blocks.length, plain);
    pack.blocks.push({
      offset: pack.bytes,
      frameLength: frame.length,
      plainLength: plain.length,
      chunks: this.#blockChunks,
    });
    pack.bytes += frame.length;
    pack.chunks += this.#blockChunks.length;
    pack.queue.push(frame);
    this.#blockLength = 0;
    this.#blockChunks = [];
    if (pack.bytes >= PACK_BYTES || pack.chunks + BLOCK_CHUNKS > MAX_PACK_CHUNKS) this.#closePack();
  }

  #openPack(): OpenPack {
    const id = this.#world.nextPackId();
    const identity = packIdentity(this.#world.keyring.tenant, this.#type, id);
    const sealer = new ObjectSealer(this.#world.keyring.seal(this.#type), identity, this.#world.random);
    const queue = new FrameQueue(() => this.#progressed());
    queue.push(sealer.header);
    this.#queues.add(queue);
    const upload = this.#upload(identity.name, queue).finally(() => {
      this.#uploads.delete(upload);
      this.#queues.delete(queue);
      this.#progressed();
    });
    this.#uploads.add(upload);
    return { id, sealer, queue, blocks: [], chunks: 0, bytes: HEADER_BYTES };
  }

  async #upload(name: string, queue: FrameQueue): Promise<void> {
    try {
      const outcome = await this.#world.store.put(name, queue, { signal: this.#world.signal });
      if (outcome === 'exists') throw new StrataError('internal', `pack ${name} exists already`);
    } catch (error) {
      // Kept for drain and finish: nobody awaits an upload while the save goes on.
      this.#failure ??= error;
    }
  }

  #closePack(): void {
    const pack = this.#pack;
    if (pack === undefined) return;
    this.#pack = undefined;
    const table: PackTable = { type: this.#type, pack: pack.id, blocks: pack.blocks };
    const identity = packIdentity(this.#world.keyring.tenant, this.#type, pack.id);
    const [trailer, footer] = sealTrailer(pack.sealer, identity, pack.bytes, encodeTable(table).finish());
    pack.queue.push(trailer);
    pack.queue.push(footer);
    pack.queue.end();
    this.#tables.push(table);
    this.#storedBytes += pack.bytes + trailer.length + FOOTER_BYTES;
  }
}
