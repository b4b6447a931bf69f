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
  readonly #shares: boolean;
  /** By what they stand before, the least last; of equal names the first layer last. Those at their end are not here. */
  readonly #waiting: Part[] = [];
  /** Those that have the least name, in order of application; not among the waiting. */
  readonly #first: Part[] = [];

  private constructor(shares: boolean) {
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
    const front = new Front(shares);
    for (const { layer, tree } of trees) {
      const cursor = await Cursor.open(source, tree, options);
      front.#wait({ layer, cursor, head: cursor.item });
    }
    return front;
  }

  /**
   * Steps over the next name, and says what the layers have there, in order of application; undefined at the end.
   *
   * @returns `unread` if nodes come next: `read` has to be called before. Not all in one asynchronous call: most names need no node,
   *   and to wait for nothing a million times takes longer than all else
   */
  take(): readonly Placed[] | 'unread' | undefined {
    this.#look();
    const first = this.#first;
    if (first.length === 0) return undefined;
    for (const { head } of first) if (head!.kind === 'subtree') return 'unread';
    const placed: Placed[] = [];
    for (const { layer, head } of first) placed.push({ layer, entry: head as Entry });
    for (const part of first) part.cursor.advance();
    this.#again();
    return placed;
  }

  /** Reads some of the nodes that come next. @throws integrity, unsupported_format, cancelled */
  async read(): Promise<void> {
    this.#look();
    const first = this.#first;
    const last = first.at(-1);
    if (this.#shares && last !== undefined && this.#areOne()) {
      for (const part of first) if (part !== last) part.cursor.advance();
      await last.cursor.enter(last.head as Subtree);
    } else {
      // The lower ones wait: they may stand as they are below the higher ones.
      const level = Math.max(...first.map(levelOf));
      for (const part of first) if (levelOf(part) === level) await part.cursor.enter(part.head as Subtree);
    }
    this.#again();
  }

  /** Finds who has the least name. */
  #look(): void {
    const [waiting, first] = [this.#waiting, this.#first];
    if (first.length > 0) return;
    for (let part = waiting.at(-1); part !== undefined; part = waiting.at(-1)) {
      if (first.length > 0 && !equalBytes(part.head!.name, first[0]!.head!.name)) return;
      first.push(part);
      waiting.pop();
    }
  }

  /** Has those that were first wait for what they stand before now. */
  #again(): void {
    for (const part of this.#first) {
      part.head = part.cursor.item;
      this.#wait(part);
    }
    this.#first.length = 0;
  }

  #wait(part: Part): void {
    if (part.head === undefined) return;
    const waiting = this.#waiting;
    // Most often one layer goes on for a while: the last is looked at first.
    let low = 0;
    let high = waiting.length;
    for (let at = high - 1; low < high; at = (low + high) >>> 1) {
      if (isBefore(part, waiting[at]!)) low = at + 1;
      else high = at;
    }
    // Few layers wait, and `splice` makes an array each time.
    waiting.push(part);
    for (let at = waiting.length - 1; at > low; at--) waiting[at] = waiting[at - 1]!;
    waiting[low] = part;
  }

  /** Whether those that are first stand before equal nodes, and no other layer has a name between theirs. */
  #areOne(): boolean {
    const [one] = this.#first;
    let end: Uint8Array | undefined;
    for (const { head, cursor } of this.#first) {
      if (head?.kind !== 'subtree' || one?.head?.kind !== 'subtree') return false;
      if (!equalBytes(head.tree.digest, one.head.tree.digest)) return false;
      const own = cursor.end;
      if (own !== undefined && (end === undefined || compareBytes(own, end) < 0)) end = own;
    }
    const next = this.#waiting.at(-1)?.head?.name;
    return next === undefined || (end !== undefined && compareBytes(next, end) >= 0);
  }
}

function isBefore(a: Part, b: Part): boolean {
  const order = compareBytes(a.head!.name, b.head!.name);
  return order === 0 ? a.layer < b.layer : order < 0;
}

/** Of an entry less than that of any node. */
function levelOf({ head }: Part): number {
  return head?.kind === 'subtree' ? head.level : -1;
}
