/** A tree that was made to be looked at or restored, and is not kept: what is new of it in memory, the rest in a vault. */

import { isStrataError } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { NodeSource, StagedNodes } from '../tree/index.ts';
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

/** Nodes of trees that were made apart over one vault: each is looked for until one has it. @throws as the last of them */
export function eitherNodes(sources: readonly NodeSource[]): NodeSource {
  return {
    async node(id) {
      for (const source of sources.slice(0, -1)) {
        try {
          return await source.node(id);
        } catch (error) {
          if (!isStrataError(error, 'integrity')) throw error;
        }
      }
      return sources.at(-1)!.node(id);
    },
  };
}
