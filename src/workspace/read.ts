/** Looking into snapshots without restoring them. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { diff, extentPages, pages, unpackExtents, walk } from '../tree/index.ts';
import type { Change, Entry, Path, TreeRef } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { fileContent } from './file-content.ts';
import { find, findRoot, pinTrees } from './find.ts';
import type { Wanted } from './find.ts';
import { eitherNodes } from './overlay.ts';
import type { WorkspaceWorld } from './world.ts';

export interface ListOptions extends Cancellable {
  readonly recursive?: boolean | undefined;
}

export interface ListedEntry {
  /** Relative to the directory that was asked for; for a file or link that was asked for, its name. */
  readonly path: Path;
  readonly entry: Entry;
}

export interface ManifestFile {
  readonly path: Path;
  readonly mode: number;
  readonly size: number;
  /** Hex ids in order; `null` is a hole. */
  readonly chunks: readonly (string | null)[];
}

/** @throws workspace_not_found, snapshot_not_found, path_not_found */
export async function* list(
  world: WorkspaceWorld,
  ref: string,
  options: ListOptions = {},
): AsyncGenerator<ListedEntry, void> {
  await using pin = await pinTrees(world, [ref], options);
  const { found, source } = await find(pin, pin.found[0]);
  if ('entry' in found) yield { path: [found.entry.name], entry: found.entry };
  else if (options.recursive === true) yield* walk(source, found.root.tree, options);
  else {
    for await (const page of pages(source, found.root.tree, options)) {
      for (const entry of page) yield { path: [entry.name], entry };
    }
  }
}

/** The bytes of one file, each part verified before it is given out. @throws bad_input if it is no file */
export async function* cat(
  world: WorkspaceWorld,
  ref: string,
  options: Cancellable = {},
): AsyncGenerator<Uint8Array, void> {
  await using pin = await pinTrees(world, [ref], options);
  const { found, source } = await find(pin, pin.found[0]);
  if (!('entry' in found) || found.entry.kind !== 'file') {
    throw new StrataError(
      'bad_input',
      `${ref} is ${'entry' in found ? `a ${found.entry.kind}` : 'a directory'}, not a file`,
      {
        hint: 'Name a file, as in `web:src/main.ts`; `strata workspaces ls` shows what there is.',
      },
    );
  }
  yield* fileContent(source, found.entry, options);
}

export interface CompareOptions extends Cancellable {
  /** Where the second tree is; default: where the first is. */
  readonly afterWorld?: WorkspaceWorld | undefined;
}

export async function* compare(
  world: WorkspaceWorld,
  before: string,
  after: string,
  options: CompareOptions = {},
): AsyncGenerator<Change, void> {
  const { afterWorld } = options;
  const refs = afterWorld === undefined ? [before, after] : [before];
  await using pin = await pinTrees(world, refs, options);
  await using otherPin = afterWorld && (await pinTrees(afterWorld, [after], options));
  const a = await findTree(pin, pin.found[0]!);
  const b = otherPin ? await findTree(otherPin, otherPin.found[0]) : await findTree(pin, pin.found[1]!);
  // Each may have nodes that are not kept.
  yield* diff(eitherNodes([b.source, a.source]), a.tree, b.tree, options);
}

export async function* manifest(
  world: WorkspaceWorld,
  ref: string,
  options: Cancellable = {},
): AsyncGenerator<ManifestFile, void> {
  await using pin = await pinTrees(world, [ref], options);
  const { source, tree } = await findTree(pin, pin.found[0]);
  for await (const { path, entry } of walk(source, tree, options)) {
    if (entry.kind !== 'file') continue;
    const chunks: (string | null)[] = [];
    for await (const page of extentPages(source, entry, options)) {
      for (const { chunk } of unpackExtents(page)) chunks.push(chunk === undefined ? null : toHex(chunk));
    }
    yield { path, mode: entry.mode, size: entry.size, chunks };
  }
}

async function findTree(
  pin: Pin,
  wanted: Wanted,
): Promise<{ readonly source: ContentSource; readonly tree: TreeRef }> {
  const { source, root } = await findRoot(pin, wanted);
  return { source, tree: root.tree };
}
