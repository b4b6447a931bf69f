/** Chunks come out: find the block, fetch it, open it, verify the chunk's SHA-256, hand it out. */

import { StrataError } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { BlockCache } from './block-cache.ts';
import { BlockFetcher, BlockOpener, shareBlocks } from './blocks.ts';
import type { OpenBlock, SealedBlocks } from './blocks.ts';
import type { BlockPlace, ChunkIndex, ChunkPlace } from './chunk-index.ts';
import type { BlockSource, ContentSource } from './content.ts';
import type { Keyring } from './keyring.ts';
import type { PackType } from './names.ts';

/** Stored bytes of tree blocks that come with one, on each side of it. */
const AROUND_BYTES = 1024 * 1024;
/** Of such fetches, whose blocks are asked for in turn. */
const KEPT_FETCHES = 4;

export interface ReaderWorld {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly index: Readonly<Record<PackType, ChunkIndex>>;
  readonly signal?: AbortSignal | undefined;
}

export class VaultReader implements ContentSource {
  readonly #index: ReaderWorld['index'];
  readonly #opened = new BlockCache<OpenBlock>();
  readonly #fetcher: BlockFetcher;
  readonly #opener: BlockOpener;
  readonly #keyring: Keyring;
  readonly #isFar: boolean;
  /** Neighbouring blocks of trees that came together, the latest last. */
  #fetched: { readonly places: readonly BlockPlace[]; readonly sealed: Promise<SealedBlocks> }[] = [];

  constructor({ store, keyring, index, signal }: ReaderWorld) {
    this.#isFar = store.isFar === true;
    this.#index = index;
    this.#keyring = keyring;
    this.#fetcher = new BlockFetcher(store, keyring.tenant, { signal });
    this.#opener = new BlockOpener(keyring.tenant, keyring.find);
  }

  chunk(id: Sha256): Promise<Uint8Array> {
    return this.#read('data', id);
  }

  node(id: Sha256): Promise<Uint8Array> {
    return this.#read('tree', id);
  }

  /** Whether a node can be read here. */
  hasNode(id: Sha256): boolean {
    return this.#index.tree.has(id);
  }

  get blocks(): BlockSource {
    return {
      locate: (id) => this.#locate('data', id),
      fetch: (places) => this.#fetcher.fetch(places),
      isFar: this.#isFar,
      share: shareBlocks(this.#keyring),
    };
  }

  async #read(type: PackType, id: Sha256): Promise<Uint8Array> {
    const { block, offset, length } = this.#locate(type, id);
    const opened = await this.#opened.get(block, block.plainLength, () =>
      this.#isFar && type === 'tree' ? this.#openOfMany(id, block) : this.#open(block),
    );
    return opened.chunk(id, offset, length);
  }

  #locate(type: PackType, id: Sha256): ChunkPlace {
    const place = this.#index[type].find(id);
    if (place !== undefined) return place;
    throw new StrataError('integrity', 'a chunk is missing: no pack in the index has it', {
      hint: 'Run `strata store verify` to see what is affected, and `strata store rebuild-index` if the index is at fault.',
    });
  }

  async #open(block: BlockPlace): Promise<OpenBlock> {
    return this.#opener.open(await this.#fetcher.fetch([block]), 0);
  }

  /** Whoever reads one node will soon read those beside it: a tree is walked, and each round trip holds up the walk. */
  async #openOfMany(id: Sha256, block: BlockPlace): Promise<OpenBlock> {
    let found = this.#fetched.find(({ places }) => places.includes(block));
    if (found === undefined) {
      const places = this.#index.tree.around(id, AROUND_BYTES);
      found = { places, sealed: this.#fetcher.fetch(places) };
      this.#fetched = [...this.#fetched, found].slice(-KEPT_FETCHES);
    }
    const { places, sealed } = found;
    try {
      return this.#opener.open(await sealed, places.indexOf(block));
    } catch (error) {
      // The next who asks fetches anew.
      this.#fetched = this.#fetched.filter((each) => each !== found);
      throw error;
    }
  }
}
