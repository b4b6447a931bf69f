/** Nodes on their way: read as soon as they are written, and only what a finished tree needs goes on. */

import { sha256, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Root } from './entry.ts';
import type { NodeSink, NodeSource } from './node.ts';
import { references } from './references.ts';

/**
 * For steps that follow one another: a merge that may end in conflicts, a selection that is put somewhere and then compared. A sink alone
 * would keep what comes of none of them, and cannot be read before it is durable.
 *
 * Holds in memory what was written, which is what the steps made anew: directories that they took whole are not among it.
 */
export class StagedNodes {
  readonly #nodes = new Map<string, Uint8Array>();
  /** They can still be read here: who has the sink says when they can be elsewhere. */
  readonly #moved = new Set<string>();
  readonly #below: NodeSource;

  readonly sink: NodeSink = {
    node: (bytes) => {
      const id = sha256(bytes);
      const key = toHex(id);
      if (!this.#nodes.has(key)) this.#nodes.set(key, bytes.slice());
      return id;
    },
  };

  readonly source: NodeSource = {
    node: async (id) => this.#nodes.get(toHex(id)) ?? this.#below.node(id),
  };

  /** @param below has all other nodes */
  constructor(below: NodeSource) {
    this.#below = below;
  }

  /** Gives the staged nodes that a tree needs to a sink, those below first; each once. */
  moveTo(sink: NodeSink, { tree }: Pick<Root, 'tree'>): void {
    // A node that two need may wait here twice: the deepest that needs it has to find it moved.
    const waiting: { id: Sha256; key: string; bytes: Uint8Array; isOpen: boolean }[] = [];
    const meet = (id: Sha256) => {
      const key = toHex(id);
      const bytes = this.#nodes.get(key);
      if (bytes !== undefined && !this.#moved.has(key)) waiting.push({ id, key, bytes, isOpen: false });
    };
    meet(tree.node);
    for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
      if (!next.isOpen && !this.#moved.has(next.key)) {
        next.isOpen = true;
        for (const id of references(next.id, next.bytes).nodes) meet(id);
        continue;
      }
      waiting.pop();
      if (this.#moved.has(next.key)) continue;
      this.#moved.add(next.key);
      sink.node(next.bytes);
    }
  }
}
