/** Trees of a few small files, as a plain record, and on their way through a vault without a disk. */

import { sha256, utf8 } from '../../base/index.ts';
import type { Sha256 } from '../../base/index.ts';
import { DirectoryBuilder, packExtents, unpackExtents, extentPages, walk } from '../../tree/index.ts';
import type { Root, TreeRef } from '../../tree/index.ts';
import type { ContentSink, ContentSource } from '../../vault/index.ts';
import { noise } from '../noise.ts';
import type { Chance } from './chance.ts';

/** Directory → file → which content. */
export type SmallTree = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** So few that trees share much. */
const CONTENTS = 24;
const bytes = Array.from({ length: CONTENTS }, (_, at) => noise(`content ${at}`, 200 + ((at * 997) % 3000)));
const ids = bytes.map((each) => sha256(each));

export function contentOf(which: number): Uint8Array {
  return bytes[which]!;
}

/** A tree that differs from `before` in a few places. */
export function edited(before: SmallTree, chance: Chance): SmallTree {
  const after: Record<string, Record<string, number>> = {};
  for (const [directory, files] of Object.entries(before)) after[directory] = { ...files };
  for (let edits = 1 + chance.below(4); edits > 0; edits--) {
    const directory = `d${chance.below(3)}`;
    const file = `f${chance.below(4)}`;
    const files = (after[directory] ??= {});
    if (chance.once(4)) delete files[file];
    else files[file] = chance.below(CONTENTS);
    if (chance.once(12)) delete after[directory];
  }
  return after;
}

/** What a save keeps in mind of the one before. */
export interface Remembered {
  readonly epoch: number;
  readonly tree: SmallTree;
  readonly refs: ReadonlyMap<string, TreeRef>;
  readonly root: TreeRef;
}

type Sink = ContentSink & Required<Pick<ContentSink, 'has' | 'hasNode'>>;

/**
 * Stores a tree as a save of a directory does: what is remembered, and as it was, is not looked at.
 *
 * @param pause is awaited between files
 */
export async function storeTree(
  sink: Sink,
  tree: SmallTree,
  epoch: number,
  remembered: Remembered | undefined,
  pause: () => Promise<void>,
): Promise<Remembered> {
  // The rule of the memory of a save: a tree is trusted as a whole only in the epoch in which it was written down.
  const trusted = remembered?.epoch === epoch ? remembered : undefined;
  const isSame = trusted !== undefined && JSON.stringify(trusted.tree) === JSON.stringify(tree);
  if (isSame && sink.hasNode(trusted.root.node)) return { ...trusted };
  const refs = new Map<string, TreeRef>();
  for (const [name, files] of Object.entries(tree)) {
    const known = trusted?.refs.get(name);
    const wasSame = JSON.stringify(trusted?.tree[name]) === JSON.stringify(files);
    if (known !== undefined && wasSame && sink.hasNode(known.node)) refs.set(name, known);
    else refs.set(name, await storeFiles(sink, files, remembered?.tree[name] ?? {}, pause));
  }
  const top = new DirectoryBuilder(sink);
  for (const name of [...refs.keys()].sort())
    top.add({ kind: 'directory', name: utf8(name), mode: 0o755, mtime: 0, tree: refs.get(name)! });
  return { epoch, tree, refs, root: top.finish() };
}

async function storeFiles(
  sink: Sink,
  files: Readonly<Record<string, number>>,
  known: Readonly<Record<string, number>>,
  pause: () => Promise<void>,
): Promise<TreeRef> {
  const builder = new DirectoryBuilder(sink);
  for (const name of Object.keys(files).sort()) {
    await pause();
    const which = files[name]!;
    const content = contentOf(which);
    // A file that is as it was is not read, if its chunks are known still.
    const id = known[name] === which && sink.has(ids[which]!, 0) ? ids[which]! : sink.chunk(content);
    const extents = packExtents([{ chunk: id, length: content.length }]);
    const entry = { kind: 'file', name: utf8(name), mode: 0o644, mtime: 0, size: content.length } as const;
    builder.add({ ...entry, content: { form: 'inline', extents } });
  }
  return builder.finish();
}

export function rootOf({ root }: Remembered): Root {
  return { mode: 0o755, mtime: 0, tree: root };
}

/** What a tree holds, read and compared in full. @throws if it is not what it should be */
export async function checkTree(source: ContentSource, tree: TreeRef, expected: SmallTree): Promise<void> {
  const found: Record<string, Record<string, number>> = {};
  for await (const { path, entry } of walk(source, tree)) {
    const names = path.map((name) => Buffer.from(name).toString());
    if (entry.kind === 'directory') found[names[0]!] = {};
    if (entry.kind !== 'file') continue;
    const read: Uint8Array[] = [];
    for await (const page of extentPages(source, entry))
      for (const { chunk } of unpackExtents(page)) read.push(await source.chunk(chunk as Sha256));
    found[names[0]!]![names[1]!] = bytes.findIndex((each) => Buffer.concat(read).equals(each));
  }
  if (told(found) !== told(expected)) throw new Error(`read ${told(found)}, not ${told(expected)}`);
}

function told(tree: SmallTree): string {
  const sorted = Object.keys(tree).sort();
  return JSON.stringify(
    sorted.map((name) => [name, Object.entries(tree[name]!).sort(([a], [b]) => (a < b ? -1 : 1))]),
  );
}
