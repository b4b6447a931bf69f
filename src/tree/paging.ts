/**
 * Where lists are cut into nodes: the rule of docs/design.md 3.5. A cut depends on the items alone, so equal lists make equal nodes
 * whatever their history, and an insertion moves only the cuts beside it.
 */

import { MAX_ITEMS } from './limits.ts';

/** How one kind of list becomes nodes. `Leaf` stands in a page, `Branch` in an index: it stands for a node. */
export interface PagingRule<Leaf, Branch> {
  /** Items that a node has at least, unless it is the last of its level. */
  readonly minimum: number;
  /** 32 bits that decide the cuts. */
  hash(item: Leaf | Branch): number;
  /** Stores a page. */
  page(leaves: readonly Leaf[]): Branch;
  /** Stores an index. */
  index(level: number, branches: readonly Branch[]): Branch;
}

/** Builds the nodes of a list bottom-up while its items arrive; holds one open node a level. */
export class Pager<Leaf, Branch> {
  readonly #rule: PagingRule<Leaf, Branch>;
  #leaves: Leaf[] = [];
  /** The open index of each level, level 1 first, and how many branches its level got in all. */
  readonly #levels: { open: Branch[]; total: number }[] = [];

  constructor(rule: PagingRule<Leaf, Branch>) {
    this.#rule = rule;
  }

  add(leaf: Leaf): void {
    this.#leaves.push(leaf);
    if (this.#ends(leaf, this.#leaves.length, 0)) this.#closePage();
  }

  /** @returns the top node: the only page, or the first index that stands over everything */
  finish(): Branch {
    if (this.#leaves.length > 0 || this.#levels.length === 0) this.#closePage();
    for (let level = 1; ; level++) {
      const { open, total } = this.#levels[level - 1]!;
      if (total === 1) return open[0]!;
      if (open.length > 0) this.#closeIndex(level);
    }
  }

  #closePage(): void {
    const leaves = this.#leaves;
    this.#leaves = [];
    this.#climb(1, this.#rule.page(leaves));
  }

  #closeIndex(level: number): void {
    const state = this.#levels[level - 1]!;
    const branches = state.open;
    state.open = [];
    this.#climb(level + 1, this.#rule.index(level, branches));
  }

  #climb(level: number, branch: Branch): void {
    const state = (this.#levels[level - 1] ??= { open: [], total: 0 });
    state.open.push(branch);
    state.total += 1;
    if (this.#ends(branch, state.open.length, level)) this.#closeIndex(level);
  }

  #ends(item: Leaf | Branch, count: number, level: number): boolean {
    if (count < this.#rule.minimum) return false;
    // Other bits on each level: the first item of a page would else tell where the index above it is cut.
    return count >= MAX_ITEMS || ((this.#rule.hash(item) >>> (8 * Math.min(level, 3))) & 0xff) === 0;
  }
}

/** FNV-1a over the bytes, then the finish of MurmurHash3: FNV alone barely moves the high bits of short names. */
export function nameHash(name: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name[at]!, 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
