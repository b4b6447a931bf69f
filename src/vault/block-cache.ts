/** Blocks that were opened a moment ago: the chunks of one block are asked for one after another. */

/** Plain bytes kept. A restore in pack order needs one block; some more serve files that share chunks. */
const MAX_BYTES = 64 * 1024 * 1024;

/** @typeParam Block what is kept of an opened one */
export class BlockCache<Block = Uint8Array> {
  /** In the order of their last use: Map keeps insertion order. */
  readonly #blocks = new Map<unknown, Promise<Block>>();
  readonly #sizes = new Map<unknown, number>();
  #bytes = 0;

  /**
   * The block under `key`, fetched once however many ask for it at the same time.
   *
   * @param size its plain bytes
   */
  get(key: unknown, size: number, fetch: () => Promise<Block>): Promise<Block> {
    const known = this.#blocks.get(key);
    if (known !== undefined) {
      this.#blocks.delete(key);
      this.#blocks.set(key, known);
      return known;
    }
    const block = fetch();
    this.#blocks.set(key, block);
    this.#sizes.set(key, size);
    this.#bytes += size;
    // A failed fetch must be tried again by the next who asks.
    block.catch(() => this.#drop(key));
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= MAX_BYTES || oldest === key) break;
      this.#drop(oldest);
    }
    return block;
  }

  #drop(key: unknown): void {
    if (!this.#blocks.delete(key)) return;
    this.#bytes -= this.#sizes.get(key) ?? 0;
    this.#sizes.delete(key);
  }
}
