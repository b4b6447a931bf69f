/** Trees out of maps and back. */

import { sha256, utf8 } from '../../../base/index.ts';
import { ContentBuilder, DirectoryBuilder, displayPath, walk } from '../../../tree/index.ts';
import type { Entry, NodeSink, NodeSource, TreeRef } from '../../../tree/index.ts';
import type { Item, Items } from './naive.ts';
import { parentOf } from './naive.ts';

export function plantItems(sink: NodeSink, items: Items): TreeRef {
  const below = new Map<string, string[]>();
  for (const path of items.keys()) {
    const siblings = below.get(parentOf(path));
    if (siblings === undefined) below.set(parentOf(path), [path]);
    else siblings.push(path);
  }
  const build = (directory: string): TreeRef => {
    const builder = new DirectoryBuilder(sink);
    const entries = (below.get(directory) ?? []).map((path) => ({
      path,
      name: utf8(path.slice(path.lastIndexOf('/') + 1)),
    }));
    for (const { path, name } of entries.toSorted((a, b) => Buffer.compare(a.name, b.name)))
      builder.add(entryOf(sink, name, items.get(path)!, () => build(path)));
    return builder.finish();
  };
  return build('');
}

function entryOf(sink: NodeSink, name: Uint8Array, item: Item, tree: () => TreeRef): Entry {
  if (item.kind === 'whiteout') return { kind: 'whiteout', name, mode: 0, mtime: 0 };
  const { mode, mtime } = item;
  if (item.kind === 'directory') return { kind: 'directory', name, mode, mtime, tree: tree() };
  if (item.kind === 'symlink') return { kind: 'symlink', name, mode, mtime, target: utf8(item.content) };
  const content = new ContentBuilder(sink);
  content.chunk(sha256(utf8(item.content)), 1 + item.content.length);
  return { kind: 'file', name, mode, mtime, ...content.finish() };
}

/** A line for each path, sorted. */
export function linesOf(items: Items): string[] {
  return [...items].map(([path, item]) => `${path} ${lineOf(item)}`).toSorted();
}

function lineOf(item: Item): string {
  if (item.kind === 'whiteout') return 'whiteout';
  const looks = `${item.kind} ${item.mode.toString(8)} ${item.mtime}`;
  if (item.kind === 'directory') return looks;
  return `${looks} ${item.kind === 'file' ? Buffer.from(sha256(utf8(item.content))).toString('hex') : item.content}`;
}

export async function linesOfTree(source: NodeSource, tree: TreeRef): Promise<string[]> {
  const lines: string[] = [];
  for await (const { path, entry } of walk(source, tree))
    lines.push(`${displayPath(path)} ${lineOfEntry(entry)}`);
  return lines.toSorted();
}

function lineOfEntry(entry: Entry): string {
  if (entry.kind === 'whiteout') return 'whiteout';
  const looks = `${entry.kind} ${entry.mode.toString(8)} ${entry.mtime}`;
  if (entry.kind === 'directory') return looks;
  if (entry.kind === 'symlink') return `${looks} ${Buffer.from(entry.target).toString()}`;
  if (entry.content.form !== 'inline') throw new Error('a file has many extents');
  return `${looks} ${Buffer.from(entry.content.extents.subarray(0, 32)).toString('hex')}`;
}

/** Without what depends on the order of unordered layers: times, and modes of directories. */
export function withoutOrder(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line.replace(/ directory \d+ \d+$/, ' directory').replace(/ (file|symlink) (\d+) \d+/, ' $1 $2'),
  );
}
