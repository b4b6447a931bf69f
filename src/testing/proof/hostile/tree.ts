/** Hostile trees: nodes with lies in them, under parents that stand by each of them. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError, isStrataError, sha256, toHex } from '../../../base/index.ts';
import type { Sha256 } from '../../../base/index.ts';
import { restoreTree } from '../../../disk/index.ts';
import { digestNode } from '../../../tree/directory-digest.ts';
import { decodeDirectory, encodeDirectory } from '../../../tree/directory-node.ts';
import type { DirectoryNode } from '../../../tree/directory-node.ts';
import { diff, extentPages, references, walk } from '../../../tree/index.ts';
import type { Entry, Root, TreeRef } from '../../../tree/index.ts';
import type { ContentSource } from '../../../vault/index.ts';
import type { Subtree } from '../../../tree/directory-node.ts';
import { isSafe, summarize } from '../../../tree/summary.ts';
import type { Chance } from '../chance.ts';
import { LAYOUTS } from './layout.ts';
import { lie, spoil } from './lies.ts';
import { outcomeOf } from './outcome.ts';

/** Nodes of a lie are few; chunks are those that were saved. */
class Forgery {
  readonly #nodes = new Map<string, Uint8Array>();
  readonly source: ContentSource;

  constructor(below: ContentSource) {
    this.source = {
      node: async (id) => this.#nodes.get(toHex(id)) ?? below.node(id),
      chunk: (id) => below.chunk(id),
    };
  }

  put(bytes: Uint8Array): Sha256 {
    const id = sha256(bytes);
    this.#nodes.set(toHex(id), bytes);
    return id;
  }
}

export async function hostileTree(
  place: string,
  below: ContentSource,
  root: Root,
  chance: Chance,
): Promise<string> {
  const forgery = new Forgery(below);
  const tree = await forge(forgery, root.tree, chance, 1 + chance.below(4));
  const lying: Root = { ...root, tree };
  const found = [
    await outcomeOf(() => readAll(forgery.source, tree)),
    await outcomeOf(() => drain(diff(forgery.source, root.tree, tree))),
    await outcomeOf(() => follow(forgery.source, tree)),
  ];
  const sandbox = mkdtempSync(join(place, 'sandbox-'));
  try {
    const target = join(sandbox, 'in', 'target');
    mkdirSync(join(sandbox, 'in'));
    // A long tree is read above; here it is what may reach a disk that counts.
    found.push(await outcomeOf(() => restoreTree(forgery.source, lying, target)));
    const beside = [...readdirSync(sandbox), ...readdirSync(join(sandbox, 'in'))];
    if (beside.some((name) => name !== 'in' && name !== 'target'))
      throw new Error(`a restore left ${beside.join(', ')} outside of its target`);
    if (found.at(-1) !== 'fine' && beside.includes('target'))
      throw new Error('a restore that failed left its target');
  } finally {
    rmSync(sandbox, { recursive: true, force: true });
  }
  return `tree: ${found.join(' ')}`;
}

/** A node that lies, or one that leads to it; the reference to it is as true as can be. */
async function forge(forgery: Forgery, tree: TreeRef, chance: Chance, depth: number): Promise<TreeRef> {
  const bytes = Uint8Array.from(await forgery.source.node(tree.node));
  const node = decodeDirectory(tree.node, bytes);
  const deeper = node.items.flatMap((item, at) => (leadsOn(item) ? [at] : []));
  if (depth > 0 && deeper.length > 0 && !chance.once(4)) {
    const at = chance.pick(deeper);
    const changed = await forgeItem(forgery, node.items[at]!, chance, depth - 1);
    const items = node.items.with(at, changed as never);
    return put(forgery, encodeDirectory({ ...node, items } as DirectoryNode), tree);
  }
  return put(forgery, chance.once(6) ? spoil(bytes, chance) : lie(LAYOUTS.node, bytes, chance), tree);
}

function leadsOn(item: Entry | Subtree): boolean {
  return (
    item.kind === 'directory' ||
    item.kind === 'subtree' ||
    (item.kind === 'file' && item.content.form === 'listed')
  );
}

async function forgeItem(
  forgery: Forgery,
  item: Entry | Subtree,
  chance: Chance,
  depth: number,
): Promise<Entry | Subtree> {
  if (item.kind === 'directory' || item.kind === 'subtree')
    return { ...item, tree: await forge(forgery, item.tree, chance, depth) };
  if (item.kind !== 'file' || item.content.form !== 'listed') return item;
  const bytes = Uint8Array.from(await forgery.source.node(item.content.list));
  return { ...item, content: { form: 'listed', list: forgery.put(lie(LAYOUTS.node, bytes, chance)) } };
}

/** With a true digest and a true summary, if the node can be read at all. */
function put(forgery: Forgery, bytes: Uint8Array, { digest, summary }: TreeRef): TreeRef {
  const node = forgery.put(bytes);
  try {
    const told = summarize(decodeDirectory(node, bytes).items);
    return { node, digest: digestNode(bytes), summary: isSafe(told) ? told : summary };
  } catch (error) {
    if (!isStrataError(error)) throw error;
    return { node, digest, summary };
  }
}

async function readAll(source: ContentSource, tree: TreeRef): Promise<void> {
  for await (const { entry } of walk(source, tree))
    if (entry.kind === 'file') await drain(extentPages(source, entry));
}

/** As a collector does. */
async function follow(source: ContentSource, { node }: TreeRef): Promise<void> {
  const waiting = [node];
  const seen = new Set<string>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(toHex(next))) continue;
    seen.add(toHex(next));
    waiting.push(...references(next, await source.node(next)).nodes);
    if (seen.size > 10_000) throw new StrataError('internal', 'a tree has no end');
  }
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}
