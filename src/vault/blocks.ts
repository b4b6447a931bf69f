/**
 * Blocks on their way out: fetched sealed by who has the store, opened by who has the keys. That may be another thread: what is fetched
 * is plain data, and keys travel in a share into which only this room looks.
 */

import { inspect } from 'node:util';

import { SHA256_BYTES, StrataError, equalBytes, release, sha256, toHex } from '../base/index.ts';
import type { Branded, Cancellable, Sha256 } from '../base/index.ts';
import { HEADER_BYTES, ObjectOpener, damaged } from '../chunk/index.ts';
import type { ObjectIdentity, SealingKey } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import type { BlockPlace } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import { packIdentity } from './names.ts';
import type { PackId, PackType, TenantId } from './names.ts';
import { getObject, naming } from './sealed-object.ts';
import type { FindKey } from './sealed-object.ts';

/** What starts so close to the start of its pack is fetched with the header, in one request. */
const NEAR_BYTES = 64 * 1024;

/** One block among those that were fetched with it. */
export interface SealedBlock extends Pick<BlockPlace, 'number' | 'frameLength' | 'plainLength'> {
  /** Where its frame starts in the bytes of all. */
  readonly start: number;
}

/** Blocks of one pack that lie near each other, as they are stored. */
export interface SealedBlocks {
  readonly type: PackType;
  readonly pack: PackId;
  /** Of the pack. */
  readonly header: Uint8Array;
  /** In their order. */
  readonly blocks: readonly SealedBlock[];
  /** Their frames, and what lies between them. All of its memory is theirs, so that it can be handed to another thread. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The keys of a tenant's blocks, to be handed to another thread. Not to be looked into, kept or printed. */
export type BlockShare = Branded<object, 'block share'>;

interface Shared {
  readonly tenant: TenantId;
  readonly keys: readonly SealingKey[];
}

export function shareBlocks(keyring: Keyring): BlockShare {
  const shared: Shared = { tenant: keyring.tenant, keys: keyring.keys };
  // Not enumerable, so that a message to a thread can carry the rest.
  return Object.defineProperty(shared, inspect.custom, { value: () => '[keys]' }) as object as BlockShare;
}

/** Needs the store, and no key. */
export class BlockFetcher {
  readonly #store: Store;
  readonly #tenant: TenantId;
  readonly #options: Cancellable;
  /** A pack's header is fetched once. */
  readonly #headers = new Map<string, Promise<Uint8Array>>();

  constructor(store: Store, tenant: TenantId, options: Cancellable) {
    this.#store = store;
    this.#tenant = tenant;
    this.#options = options;
  }

  /**
   * @param places of one pack, in their order; what lies between them comes with them
   * @throws integrity if the pack is missing or ends too early
   */
  async fetch(places: readonly BlockPlace[]): Promise<SealedBlocks> {
    const [first, last] = [places[0], places.at(-1)];
    if (first === undefined || last === undefined)
      throw new StrataError('internal', 'no blocks are asked for');
    const { type, pack } = first;
    const identity = packIdentity(this.#tenant, type, pack);
    const { header, bytes, from } = await this.#get(identity, first.offset, last.offset + last.frameLength);
    const blocks = places.map(({ number, offset, frameLength, plainLength }) => ({
      number,
      start: offset - from,
      frameLength,
      plainLength,
    }));
    return { type, pack, header, blocks, bytes: ownBytes(bytes) };
  }

  /** The header of a pack, and what of it lies between two places; in one round trip. `from`: what was read starts there, or before. */
  async #get(
    identity: ObjectIdentity,
    start: number,
    end: number,
  ): Promise<{ readonly header: Uint8Array; readonly bytes: Uint8Array; readonly from: number }> {
    const read = (at: number, count: number) =>
      getObject(this.#store, identity, { ...this.#options, range: { offset: at, length: count } });
    const known = this.#headers.get(identity.name);
    if (known !== undefined || start > NEAR_BYTES) {
      const asked = known ?? this.#keep(identity, read(0, HEADER_BYTES));
      const [header, bytes] = await Promise.all([asked, read(start, end - start)]);
      return { header, bytes, from: start };
    }
    const front = read(0, end);
    const header = await this.#keep(
      identity,
      // Trap: `slice` of a Buffer is a view, and headers are kept: a part of each pack with them.
      front.then((bytes) => Uint8Array.from(bytes.subarray(0, HEADER_BYTES))),
    );
    return { header, bytes: await front, from: 0 };
  }

  #keep(identity: ObjectIdentity, header: Promise<Uint8Array>): Promise<Uint8Array> {
    this.#headers.set(identity.name, header);
    // A failed fetch must be tried again by the next who asks.
    header.catch(() => this.#headers.delete(identity.name));
    return header;
  }
}

/** What a store answers is ours, but may be a part of a larger memory, which a message would copy as a whole. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? new Uint8Array(buffer)
    : Uint8Array.from(bytes);
}

/**
 * Parts of what was fetched together, each with memory of its own: that of the whole is given back.
 *
 * @param counts how many blocks each part has, in their order
 */
export function parted(sealed: SealedBlocks, counts: readonly number[]): readonly SealedBlocks[] {
  if (counts.length === 1) return [sealed];
  let next = 0;
  const parts = counts.map((count) => {
    const blocks = sealed.blocks.slice(next, (next += count));
    const from = blocks[0]!.start;
    const { start, frameLength } = blocks.at(-1)!;
    return {
      ...sealed,
      blocks: blocks.map((block) => ({ ...block, start: block.start - from })),
      bytes: sealed.bytes.slice(from, start + frameLength),
    };
  });
  release(sealed.bytes);
  return parts;
}

/** Needs keys, and no store. */
export class BlockOpener {
  readonly #tenant: TenantId;
  readonly #findKey: FindKey;
  /** By the name of the pack. */
  readonly #openers = new Map<string, ObjectOpener>();

  constructor(tenant: TenantId, findKey: FindKey) {
    this.#tenant = tenant;
    this.#findKey = findKey;
  }

  /** In the thread that was given the share. */
  static of(share: BlockShare): BlockOpener {
    const { tenant, keys } = share as object as Shared;
    const byId = new Map(keys.map((key) => [toHex(key.id), key]));
    return new BlockOpener(tenant, (id) => byId.get(toHex(id)));
  }

  /** @param at which of the blocks @throws integrity with the object; wrong_key, unsupported_format */
  open({ type, pack, header, blocks, bytes }: SealedBlocks, at: number): OpenBlock {
    const identity = packIdentity(this.#tenant, type, pack);
    const block = blocks[at];
    if (block === undefined) throw new StrataError('internal', 'a block is opened that was not fetched');
    let opener = this.#openers.get(identity.name);
    if (opener === undefined) {
      opener = ObjectOpener.open(header, identity, this.#findKey);
      this.#openers.set(identity.name, opener);
    }
    return openBlock(opener, identity, block, bytes.subarray(block.start, block.start + block.frameLength));
  }
}

/** @param frame sealed @throws integrity with the object */
export function openBlock(
  opener: ObjectOpener,
  identity: ObjectIdentity,
  { number, plainLength }: { readonly number: number; readonly plainLength: number },
  frame: Uint8Array,
): OpenBlock {
  const plain = naming(identity, () => opener.frame(number, frame));
  if (plain.length !== plainLength) throw damaged(identity, 'a block has another length than its table says');
  return new OpenBlock(identity, plain);
}

export class OpenBlock implements Disposable {
  readonly #identity: ObjectIdentity;
  readonly #plain: Uint8Array;
  /** The chunk given last: where many files are equal, they come one after another. Of length 0: none. */
  readonly #id = new Uint8Array(SHA256_BYTES);
  #offset = 0;
  #length = 0;

  constructor(identity: ObjectIdentity, plain: Uint8Array) {
    this.#identity = identity;
    this.#plain = plain;
  }

  /** Gives its memory back at once: nothing that came of it may be used any more. */
  [Symbol.dispose](): void {
    release(this.#plain);
  }

  /** A view of the block. @throws integrity with the object, unless the bytes there have this SHA-256 */
  chunk(id: Sha256, offset: number, length: number): Uint8Array {
    const chunk = this.#plain.subarray(offset, offset + length);
    const isLast = offset === this.#offset && length === this.#length && length > 0;
    if (isLast && equalBytes(id, this.#id)) return chunk;
    if (chunk.length !== length || !equalBytes(sha256(chunk), id))
      throw damaged(this.#identity, 'a chunk in it has changed');
    this.#id.set(id);
    this.#offset = offset;
    this.#length = length;
    return chunk;
  }
}
