/** Chunks come out: find the block, fetch it, open it, verify the chunk's SHA-256, hand it out. */

import { StrataError, equalBytes, sha256, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { HEADER_BYTES, ObjectOpener, damaged } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { BlockCache } from './block-cache.ts';
import type { BlockPlace, ChunkIndex } from './chunk-index.ts';
import type { ContentSource } from './content.ts';
import type { Keyring } from './keyring.ts';
import { packIdentity } from './names.ts';
import type { PackType } from './names.ts';
import { getObject, naming } from './sealed-object.ts';

export interface ReaderWorld {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly index: Readonly<Record<PackType, ChunkIndex>>;
  readonly signal?: AbortSignal | undefined;
}

export class VaultReader implements ContentSource {
  readonly #world: ReaderWorld;
  readonly #blocks = new BlockCache();
  /** A pack's header is fetched once. */
  readonly #openers = new Map<string, Promise<ObjectOpener>>();

  constructor(world: ReaderWorld) {
    this.#world = world;
  }

  chunk(id: Sha256): Promise<Uint8Array> {
    return this.#read('data', id);
  }

  node(id: Sha256): Promise<Uint8Array> {
    return this.#read('tree', id);
  }

  async #read(type: PackType, id: Sha256): Promise<Uint8Array> {
    const place = this.#world.index[type].find(id);
    if (place === undefined) {
      throw new StrataError('integrity', 'a chunk is missing: no pack in the index has it', {
        hint: 'Run `strata store verify` to see what is affected, and `strata store rebuild-index` if the index is at fault.',
      });
    }
    const { block, offset, length } = place;
    const plain = await this.#blocks.get(block, block.plainLength, () => this.#open(block));
    const chunk = plain.subarray(offset, offset + length);
    if (!equalBytes(sha256(chunk), id)) {
      throw damaged(
        packIdentity(this.#world.keyring.tenant, block.type, block.pack),
        'a chunk in it has changed',
      );
    }
    return chunk;
  }

  async #open(block: BlockPlace): Promise<Uint8Array> {
    const identity = packIdentity(this.#world.keyring.tenant, block.type, block.pack);
    const opener = await this.#openerOf(block);
    const frame = await this.#range(block, block.offset, block.frameLength);
    const plain = naming(identity, () => opener.frame(block.number, frame));
    if (plain.length !== block.plainLength)
      throw damaged(identity, 'a block has another length than its table says');
    return plain;
  }

  #openerOf(block: BlockPlace): Promise<ObjectOpener> {
    const key = toHex(block.pack);
    const known = this.#openers.get(key);
    if (known !== undefined) return known;
    const { keyring } = this.#world;
    const opener = this.#range(block, 0, HEADER_BYTES).then((header) =>
      ObjectOpener.open(header, packIdentity(keyring.tenant, block.type, block.pack), keyring.find),
    );
    this.#openers.set(key, opener);
    opener.catch(() => this.#openers.delete(key));
    return opener;
  }

  #range(block: BlockPlace, offset: number, length: number): Promise<Uint8Array> {
    const { store, keyring, signal } = this.#world;
    const identity = packIdentity(keyring.tenant, block.type, block.pack);
    return getObject(store, identity, { range: { offset, length }, signal });
  }
}
