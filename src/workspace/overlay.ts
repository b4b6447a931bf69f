/** A tree that was made to be looked at or restored, and is not kept: what is new of it in memory, the rest in a vault. */

import type { Sha256 } from '../base/index.ts';
import type { StagedNodes } from '../tree/index.ts';
import type { BlockSource, ContentSource } from '../vault/index.ts';

export class Overlay implements ContentSource {
  readonly #staged: StagedNodes;
  readonly #below: ContentSource;

  /** @param staged over `below` */
  constructor(staged: StagedNodes, below: ContentSource) {
    this.#staged = staged;
    this.#below = below;
  }

  node(id: Sha256): Promise<Uint8Array> {
    return this.#staged.source.node(id);
  }

  chunk(id: Sha256): Promise<Uint8Array> {
    return this.#below.chunk(id);
  }

  get blocks(): BlockSource | undefined {
    return this.#below.blocks;
  }
}
