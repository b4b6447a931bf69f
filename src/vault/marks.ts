/** Which chunks of an index snapshots need: a byte for each row, set by following their trees. Each node is read once. */

import { StrataError, giveWay, isStrataError } from '../base/index.ts';
import type { Cancellable, Sha256 } from '../base/index.ts';
import { EXTENT_BYTES, isHole, references } from '../tree/index.ts';
import type { NodeSource } from '../tree/index.ts';
import type { ChunkIndex, TenantIndex } from './chunk-index.ts';

/** What was read so far, of nodes and of blocks that are written anew. */
export interface CollectProgress {
  readonly objects: number;
  readonly bytes: number;
}

export interface MarkOptions extends Cancellable {
  readonly onProgress?: ((progress: CollectProgress) => void) | undefined;
}

export interface MarkedRoot {
  /** `NAME@NUMBER`. */
  readonly label: string;
  readonly node: Sha256;
}

export class Marks {
  readonly #index: TenantIndex;
  readonly #source: NodeSource;
  readonly #options: MarkOptions;
  /** By row: 1 if it is needed. */
  readonly data: Uint8Array;
  readonly tree: Uint8Array;
  /** Rows of nodes that are still to be read. */
  #waiting = new Uint32Array(1024);
  #count = 0;
  #read = { objects: 0, bytes: 0 };

  /** @param source reads nodes that the index knows */
  constructor(index: TenantIndex, source: NodeSource, options: MarkOptions) {
    this.#index = index;
    this.#source = source;
    this.#options = options;
    this.data = new Uint8Array(index.data.rows);
    this.tree = new Uint8Array(index.tree.rows);
  }

  /**
   * Marks everything below a root.
   *
   * @throws refused if something cannot be read: what is below it cannot be known, and would be taken for garbage
   */
  async follow({ label, node }: MarkedRoot): Promise<void> {
    try {
      this.#node(node);
      while (this.#count > 0) {
        await giveWay(this.#options.signal);
        const id = this.#index.tree.idAt(this.#waiting[--this.#count]!);
        const bytes = await this.#source.node(id);
        const { nodes, extents } = references(id, bytes);
        this.#read = { objects: this.#read.objects + 1, bytes: this.#read.bytes + bytes.length };
        this.#options.onProgress?.(this.#read);
        for (const below of nodes) this.#node(below);
        for (const packed of extents) this.#chunks(packed);
      }
    } catch (error) {
      if (!isStrataError(error, 'integrity')) throw error;
      throw new StrataError(
        'refused',
        `${label} cannot be followed to its end, so nothing is collected: ${error.message}`,
        {
          hint: '`strata store verify` tells what is lost. Save its content again, or forget that snapshot, then collect.',
          details: { snapshot: label, ...error.details },
          cause: error,
        },
      );
    }
  }

  #node(id: Sha256): void {
    const row = rowOf(this.#index.tree, id, 0);
    if (this.tree[row] === 1) return;
    this.tree[row] = 1;
    if (this.#count === this.#waiting.length) {
      const grown = new Uint32Array(this.#count * 2);
      grown.set(this.#waiting);
      this.#waiting = grown;
    }
    this.#waiting[this.#count++] = row;
  }

  #chunks(packed: Uint8Array): void {
    for (let at = 0; at < packed.length; at += EXTENT_BYTES)
      if (!isHole(packed, at)) this.data[rowOf(this.#index.data, packed, at)] = 1;
  }
}

function rowOf(index: ChunkIndex, bytes: Uint8Array, at: number): number {
  const row = index.rowOf(bytes, at);
  if (row === -1)
    throw new StrataError('integrity', 'no pack in the index has a chunk that it needs', {
      hint: '`strata store verify` tells what is missing; `strata store rebuild-index` makes the index anew from the packs.',
    });
  return row;
}
