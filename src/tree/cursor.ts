/**
 * A way through the entries of one directory that reads a node only when it is entered, so that what is skipped costs nothing.
 *
 * Each node is held to what its parent promised: its digest, its summary, its level and its range of names. Nodes are named by
 * their hash, so a lie must have been written by someone with a key; it still ends here and not in a restored directory.
 */

import { StrataError, compareBytes, equalBytes, throwIfAborted, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { digestNode } from './directory-digest.ts';
import { decodeDirectory } from './directory-node.ts';
import type { DirectoryNode, Subtree } from './directory-node.ts';
import type { Entry, TreeRef } from './entry.ts';
import type { NodeSource } from './node.ts';
import { equalSummaries, summarize } from './summary.ts';

interface Frame {
  readonly items: readonly (Entry | Subtree)[];
  at: number;
  /** All names are before this one. */
  readonly end: Uint8Array | undefined;
}

export class Cursor {
  readonly #source: NodeSource;
  readonly #options: Cancellable;
  readonly #frames: Frame[];

  private constructor(source: NodeSource, top: DirectoryNode, options: Cancellable) {
    this.#source = source;
    this.#options = options;
    this.#frames = [{ items: top.items, at: 0, end: undefined }];
  }

  /** Stands before the first entry. @throws integrity */
  static async open(source: NodeSource, tree: TreeRef, options: Cancellable): Promise<Cursor> {
    return new Cursor(source, await readTop(source, tree, options), options);
  }

  /** What comes next: an entry, or a node that was not read yet; undefined at the end. */
  get item(): Entry | Subtree | undefined {
    const frame = this.#frames.at(-1)!;
    return frame.items[frame.at];
  }

  /** A name that all of the item's are before; undefined where nothing comes after it. */
  get end(): Uint8Array | undefined {
    const frame = this.#frames.at(-1)!;
    return frame.items[frame.at + 1]?.name ?? frame.end;
  }

  /** Steps over the item: all of it, if it is a node. */
  advance(): void {
    this.#frames.at(-1)!.at += 1;
    this.#leaveFinished();
  }

  /** Reads the node that comes next; what it holds takes its place. */
  async enter(node: Subtree): Promise<void> {
    const frame = this.#frames.at(-1)!;
    const { end } = this;
    const { items } = await readBelow(this.#source, node, end, this.#options);
    frame.at += 1;
    this.#frames.push({ items, at: 0, end });
  }

  /** All entries up to the end of the page; only where an entry comes next. */
  takePage(): readonly Entry[] {
    const frame = this.#frames.at(-1)!;
    // The items of one node are of one kind.
    const entries = frame.items.slice(frame.at) as readonly Entry[];
    frame.at = frame.items.length;
    this.#leaveFinished();
    return entries;
  }

  #leaveFinished(): void {
    while (this.#frames.length > 1 && this.item === undefined) this.#frames.pop();
  }
}

/** The top node of a directory. @throws integrity */
export async function readTop(
  source: NodeSource,
  tree: TreeRef,
  options: Cancellable,
): Promise<DirectoryNode> {
  const node = await readVerified(source, tree, options);
  if (node.kind === 'index' && node.items.length < 2) damaged(tree, 'an index stands over a single node');
  return node;
}

/**
 * A node below an index.
 *
 * @param end the name that it has to end before
 * @throws integrity
 */
export async function readBelow(
  source: NodeSource,
  promised: Subtree,
  end: Uint8Array | undefined,
  options: Cancellable,
): Promise<DirectoryNode> {
  const { tree } = promised;
  const node = await readVerified(source, tree, options);
  const first = node.items[0];
  const last = node.items.at(-1);
  if (node.level !== promised.level) damaged(tree, 'it is not of the level that its index says');
  if (first === undefined || last === undefined || !equalBytes(first.name, promised.name))
    damaged(tree, 'it does not start with the name that its index says');
  if (end !== undefined && compareBytes(last.name, end) >= 0)
    damaged(tree, 'its names reach into the node after it');
  return node;
}

async function readVerified(
  source: NodeSource,
  tree: TreeRef,
  { signal }: Cancellable,
): Promise<DirectoryNode> {
  throwIfAborted(signal);
  const bytes = await source.node(tree.node);
  const node = decodeDirectory(tree.node, bytes);
  if (!equalBytes(digestNode(bytes), tree.digest))
    damaged(tree, 'it does not have the digest that it should');
  if (!equalSummaries(summarize(node.items), tree.summary))
    damaged(tree, 'it does not hold what its summary says');
  return node;
}

function damaged(tree: TreeRef, reason: string): never {
  throw new StrataError('integrity', `tree node ${toHex(tree.node)} is damaged: ${reason}`);
}
