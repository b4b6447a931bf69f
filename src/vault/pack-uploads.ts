/** Packs on their way to the store while the save goes on, whichever thread makes them. */

import { StrataError, toHex } from '../base/index.ts';
import type { Log } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { FrameQueue } from './frame-queue.ts';
import { packIdentity } from './names.ts';
import type { PackId, PackType, TenantId } from './names.ts';
import type { PackPart } from './pack-maker.ts';
import type { SentPack } from './sent-packs.ts';

/** Sealed bytes that may wait for the store before the makers have to. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Complete packs on their way to the store at a time, beside those that are being filled. */
const MAX_UPLOADS = 3;

/** Told of a pack as soon as it is in the store whole; the pack counts as stored when this returns. */
export type OnSent = (sent: SentPack) => Promise<void>;

export class PackUploads {
  readonly #store: Store;
  readonly #tenant: TenantId;
  readonly #signal: AbortSignal | undefined;
  readonly #log: Log | undefined;
  readonly #onSent: OnSent | undefined;
  /** Of complete packs, encoded. */
  readonly #tables: Uint8Array[] = [];
  /** By pack id in hex: those whose end has not come yet. */
  readonly #open = new Map<string, FrameQueue>();
  readonly #uploads = new Set<Promise<void>>();
  readonly #queues = new Set<FrameQueue>();
  #storedBytes = 0;
  #failure: unknown;
  /** Wakes those who wait in `drain`. */
  #waiters: (() => void)[] = [];

  constructor(
    store: Store,
    tenant: TenantId,
    signal: AbortSignal | undefined,
    { log, onSent }: { readonly log?: Log | undefined; readonly onSent?: OnSent | undefined } = {},
  ) {
    this.#store = store;
    this.#tenant = tenant;
    this.#signal = signal;
    this.#log = log;
    this.#onSent = onSent;
  }

  /** Stored bytes so far. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Parts of one pack come in their order. */
  take(part: PackPart): void {
    const key = toHex(part.pack);
    if (part.kind === 'bytes') {
      this.#storedBytes += part.bytes.length;
      (this.#open.get(key) ?? this.#begin(key, part)).push(part.bytes);
    } else {
      this.#open.get(key)?.end();
      this.#open.delete(key);
      this.#tables.push(part.table);
    }
  }

  /** Returns when little enough is waiting for the store. @throws what the store threw */
  async drain(): Promise<void> {
    while (this.#failure === undefined && this.#isFull()) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Every pack is durable when this returns. @returns their tables, encoded */
  async finish(): Promise<readonly Uint8Array[]> {
    await Promise.all(this.#uploads);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#open.size > 0) throw new StrataError('internal', 'a pack has no end');
    return this.#tables;
  }

  /** Drops what is on its way. Packs that are stored already stay: their intent names them for the collector. */
  async abort(reason: Error): Promise<void> {
    for (const queue of this.#queues) queue.fail(reason);
    await Promise.all(this.#uploads);
  }

  #begin(key: string, { type, pack }: PackPart): FrameQueue {
    const queue = new FrameQueue(() => this.#progressed());
    this.#open.set(key, queue);
    this.#queues.add(queue);
    const upload = this.#upload(type, pack, queue).finally(() => {
      this.#uploads.delete(upload);
      this.#queues.delete(queue);
      this.#progressed();
    });
    this.#uploads.add(upload);
    return queue;
  }

  async #upload(kind: PackType, pack: PackId, queue: FrameQueue): Promise<void> {
    const { name } = packIdentity(this.#tenant, kind, pack);
    try {
      const outcome = await this.#store.put(name, queue, { signal: this.#signal });
      if (outcome === 'exists') throw new StrataError('internal', `pack ${name} exists already`);
      await this.#onSent?.({ kind, pack, bytes: queue.bytes });
      this.#log?.(`pack ${name} stored`);
    } catch (error) {
      // Kept for drain and finish: nobody awaits an upload while the save goes on.
      this.#failure ??= error;
    } finally {
      queue[Symbol.dispose]();
    }
  }

  #progressed(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #isFull(): boolean {
    if (this.#uploads.size - this.#open.size > MAX_UPLOADS) return true;
    let bytes = 0;
    for (const queue of this.#queues) bytes += queue.waitingBytes;
    return bytes > MAX_WAITING_BYTES;
  }
}
