/** Reading directories: page by page, one path, or everything below. All of it verified on the way. */

import { StrataError, compareBytes, equalBytes } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { Cursor, readBelow, readTop } from './cursor.ts';
import type { Entry, TreeRef } from './entry.ts';
import { MAX_DEPTH } from './limits.ts';
import type { NodeSource } from './node.ts';
import { displayPath } from './path.ts';
import type { Path } from './path.ts';

export interface PathEntry {
  readonly path: Path;
  readonly entry: Entry;
}

/**
 * The entries of one directory in ascending order of their names, a page at a time; no page is empty. They are views of the
 * nodes' bytes.
 *
 * @throws integrity, unsupported_format, cancelled
 */
export async function* pages(
  source: NodeSource,
  tree: TreeRef,
  options: Cancellable = {},
): AsyncGenerator<readonly Entry[], void> {
  const cursor = await Cursor.open(source, tree, options);
  for (let item = cursor.item; item !== undefined; item = cursor.item) {
    if (item.kind === 'subtree') await cursor.enter(item);
    else yield cursor.takePage();
  }
}

/**
 * The entry at a path; reads only the nodes that lead to it. Links are not followed.
 *
 * @returns undefined if there is none
 * @throws bad_input for the empty path: the root is no entry
 * @throws integrity, unsupported_format, cancelled
 */
export async function lookup(
  source: NodeSource,
  tree: TreeRef,
  path: Path,
  options: Cancellable = {},
): Promise<Entry | undefined> {
  let entry: Entry | undefined;
  let directory: TreeRef = tree;
  for (const name of path) {
    if (entry !== undefined) {
      if (entry.kind !== 'directory') return undefined;
      directory = entry.tree;
    }
    entry = await find(source, directory, name, options);
    if (entry === undefined) return undefined;
  }
  if (entry === undefined && path.length === 0)
    throw new StrataError('bad_input', 'the path is empty: it names the root, not something in it', {
      hint: 'Give the path of a file, a directory or a link.',
    });
  return entry;
}

/** The entry of that name in one directory. @throws integrity, unsupported_format, cancelled */
export async function find(
  source: NodeSource,
  tree: TreeRef,
  name: Uint8Array,
  options: Cancellable,
): Promise<Entry | undefined> {
  let node = await readTop(source, tree, options);
  let end: Uint8Array | undefined;
  while (node.kind === 'index') {
    const { items } = node;
    const after = items.findIndex((item) => compareBytes(item.name, name) > 0);
    const child = items.at(after === -1 ? -1 : after - 1);
    if (after === 0 || child === undefined) return undefined;
    end = items[after]?.name ?? end;
    node = await readBelow(source, child, end, options);
  }
  return node.items.find((entry) => equalBytes(entry.name, name));
}

/**
 * Everything below a directory, each directory before what it holds, names in ascending order of their bytes.
 *
 * @throws integrity, also when a path has more than `MAX_DEPTH` names; unsupported_format, cancelled
 */
export async function* walk(
  source: NodeSource,
  tree: TreeRef,
  options: Cancellable = {},
): AsyncGenerator<PathEntry, void> {
  // Not recursive: a hostile tree is as deep as it likes. And one path for all open levels: with one each, memory would grow
  // with the square of the depth.
  const above: Uint8Array[] = [];
  const open = [await Cursor.open(source, tree, options)];
  for (let cursor = open.at(-1); cursor !== undefined; cursor = open.at(-1)) {
    const { item } = cursor;
    if (item === undefined) {
      open.pop();
      above.pop();
    } else if (item.kind === 'subtree') {
      await cursor.enter(item);
    } else {
      cursor.advance();
      yield { path: deeper(above, item.name), entry: item };
      if (item.kind === 'directory') {
        open.push(await Cursor.open(source, item.tree, options));
        above.push(item.name);
      }
    }
  }
}

/** @throws integrity */
export function deeper(path: Path, name: Uint8Array): Path {
  if (path.length < MAX_DEPTH) return [...path, name];
  throw new StrataError('integrity', `a tree is deeper than ${MAX_DEPTH} levels`, {
    details: { path: displayPath(path.slice(0, 8)) },
  });
}
