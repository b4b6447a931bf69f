/** The packs of one type for one save: made here or on other threads, and stored while the save goes on. */

import type { Log, Random, Sha256 } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import type { Keyring } from './keyring.ts';
import type { PackId, PackType } from './names.ts';
import { PackMaker } from './pack-maker.ts';
import type { PackPart } from './pack-maker.ts';
import { PackUploads } from './pack-uploads.ts';
import type { OnSent } from './pack-uploads.ts';

export interface PackWriterWorld {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly random: Random;
  readonly signal: AbortSignal | undefined;
  readonly log?: Log | undefined;
  readonly onSent?: OnSent | undefined;
  /** The next pack id of the save's intent. */
  readonly nextPackId: () => PackId;
}

export class PackWriter {
  readonly #maker: PackMaker;
  readonly #uploads: PackUploads;

  constructor(type: PackType, { store, keyring, random, signal, log, onSent, nextPackId }: PackWriterWorld) {
    const { tenant } = keyring;
    const uploads = new PackUploads(store, tenant, signal, { log, onSent });
    const key = keyring.seal(type);
    const emit = (part: PackPart) => uploads.take(part);
    this.#uploads = uploads;
    this.#maker = new PackMaker({ type, tenant, key, random, nextPackId, emit });
  }

  /** Stored bytes of the packs so far. */
  get storedBytes(): number {
    return this.#uploads.storedBytes;
  }

  /** Takes one new chunk, at most `MAX_FRAME_PLAIN` bytes; `bytes` may be reused afterwards. */
  add(id: Sha256, bytes: Uint8Array): void {
    this.#maker.add(id, bytes);
  }

  /** Takes a part of a pack that another thread makes; those of one pack in their order. */
  take(part: PackPart): void {
    this.#uploads.take(part);
  }

  /** Returns when little enough is waiting for the store. @throws what the store threw */
  drain(): Promise<void> {
    return this.#uploads.drain();
  }

  /** Every chunk taken is durable when this returns. @returns the tables of the packs, encoded */
  finish(): Promise<readonly Uint8Array[]> {
    this.#maker.finish();
    return this.#uploads.finish();
  }

  /** Drops what is on its way. Packs that are stored already stay: their intent names them for the collector. */
  abort(reason: Error): Promise<void> {
    return this.#uploads.abort(reason);
  }
}
