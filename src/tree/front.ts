/** One directory of several layers, gone through side by side in the order of names. */

import { compareBytes, equalBytes } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { Cursor } from './cursor.ts';
import type { Subtree } from './directory-node.ts';
import type { Entry, TreeRef } from './entry.ts';
import type { Placed } from './merge-layer.ts';
import type { NodeSource } from './node.ts';

interface Part {
  readonly layer: number;
  readonly cursor: Cursor;
  /** What the cursor stands before. */
  head: Entry | Subtree | undefined;
}

export class Front {
  readonly #parts: readonly Part[];
  readonly #shares: boolean;
  /** Those that have the least name. */
  #first: Part[] = [];

  private constructor(parts: readonly Part[], shares: boolean) {
    this.#parts = parts;
    this.#shares = shares;
  }

  /**
   * @param trees of the layers, in order of application
   * @param shares of equal nodes, where nobody has anything else between, only that of the last layer is read: it stands for all
   * @throws integrity
   */
  static async open(
    source: NodeSource,
    trees: readonly { readonly layer: number; readonly tree: TreeRef }[],
    shares: boolean,
    options: Cancellable,
  ): Promise<Front> {
    const parts: Part[] = [];
    for (const { layer, tree } of trees) {
      const cursor = await Cursor.open(source, tree, options);
      parts.push({ layer, cursor, head: cursor.item });
    }
    return new Front(parts, shares);
  }

  /**
   * Steps over the next name, and says what the layers have there, in order of application; undefined at the end.
   *
   * @returns `unread` if nodes come next: `read` has to be called before. Not all in one asynchronous call: most names need no node,
   *   and to wait for nothing a million times takes longer than all else
   */
  take(): readonly Placed[] | 'unread' | undefined {
    const first = this.#look();
    if (first.length === 0) return undefined;
    if (first.some(({ head }) => head!.kind === 'subtree')) return 'unread';
    return first.map((part) => {
      const entry = part.head as Entry;
      step(part);
      return { layer: part.layer, entry };
    });
  }

  /** Reads some of the nodes that come next. @throws integrity, unsupported_format, cancelled */
  async read(): Promise<void> {
    const first = this.#look();
    const nodes = first.filter(({ head }) => head!.kind === 'subtree');
    if (this.#shares && this.#areOne(first)) {
      for (const part of first.slice(0, -1)) step(part);
      return enter(first.at(-1)!);
    }
    // The lower ones wait: they may stand as they are below the higher ones.
    const level = Math.max(...nodes.map(({ head }) => (head as Subtree).level));
    for (const part of nodes) if ((part.head as Subtree).level === level) await enter(part);
  }

  #look(): readonly Part[] {
    const first = this.#first;
    first.length = 0;
    let least: Uint8Array | undefined;
    for (const part of this.#parts) {
      if (part.head === undefined) continue;
      const order = least === undefined ? -1 : compareBytes(part.head.name, least);
      if (order > 0) continue;
      if (order < 0) {
        least = part.head.name;
        first.length = 0;
      }
      first.push(part);
    }
    return first;
  }

  /** Whether these are equal nodes, and no other layer has a name between theirs. */
  #areOne(first: readonly Part[]): boolean {
    const [one] = first;
    let end: Uint8Array | undefined;
    for (const { head, cursor } of first) {
      if (head?.kind !== 'subtree' || one?.head?.kind !== 'subtree') return false;
      if (!equalBytes(head.tree.digest, one.head.tree.digest)) return false;
      const own = cursor.end;
      if (own !== undefined && (end === undefined || compareBytes(own, end) < 0)) end = own;
    }
    return this.#parts.every(
      (part) =>
        part.head === undefined ||
        first.includes(part) ||
        (end !== undefined && compareBytes(part.head.name, end) >= 0),
    );
  }
}

function step(part: Part): void {
  part.cursor.advance();
  part.head = part.cursor.item;
}

async function enter(part: Part): Promise<void> {
  await part.cursor.enter(part.head as Subtree);
  part.head = part.cursor.item;
}
