/** Looking into snapshots without restoring them. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { diff, displayPath, extentPages, lookup, pages, unpackExtents, walk } from '../tree/index.ts';
import type { Change, Entry, FileEntry, Path, TreeRef } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { getSnapshot } from './catalog.ts';
import { parseRef } from './name.ts';
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

/** Zeros of holes are handed out in pieces of this many bytes. */
const ZEROS = new Uint8Array(64 * 1024);

/** What a reference points to: a directory, or an entry that is none. */
type Found = { readonly tree: TreeRef } | { readonly entry: Exclude<Entry, { kind: 'directory' }> };

/** @throws workspace_not_found, snapshot_not_found, path_not_found */
export async function* list(
  world: WorkspaceWorld,
  ref: string,
  options: ListOptions = {},
): AsyncGenerator<ListedEntry, void> {
  await using pin = await world.vault.pin(options);
  const { found, source } = await find(world, pin, ref);
  if ('entry' in found) yield { path: [found.entry.name], entry: found.entry };
  else if (options.recursive === true) yield* walk(source, found.tree, options);
  else {
    for await (const page of pages(source, found.tree, options)) {
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
  await using pin = await world.vault.pin(options);
  const { found, source } = await find(world, pin, ref);
  if (!('entry' in found) || found.entry.kind !== 'file') {
    throw new StrataError(
      'bad_input',
      `${ref} is ${'entry' in found ? `a ${found.entry.kind}` : 'a directory'}, not a file`,
      {
        hint: 'Name a file, as in `web:src/main.ts`; `strata workspaces ls` shows what there is.',
      },
    );
  }
  yield* content(source, found.entry, options);
}

export async function* compare(
  world: WorkspaceWorld,
  before: string,
  after: string,
  options: Cancellable = {},
): AsyncGenerator<Change, void> {
  await using pin = await world.vault.pin(options);
  const a = await findTree(world, pin, before);
  const b = await findTree(world, pin, after);
  yield* diff(b.source, a.tree, b.tree, options);
}

export async function* manifest(
  world: WorkspaceWorld,
  ref: string,
  options: Cancellable = {},
): AsyncGenerator<ManifestFile, void> {
  await using pin = await world.vault.pin(options);
  const { source, tree } = await findTree(world, pin, ref);
  for await (const { path, entry } of walk(source, tree, options)) {
    if (entry.kind !== 'file') continue;
    const chunks: (string | null)[] = [];
    for await (const page of extentPages(source, entry, options)) {
      for (const { chunk } of unpackExtents(page)) chunks.push(chunk === undefined ? null : toHex(chunk));
    }
    yield { path, mode: entry.mode, size: entry.size, chunks };
  }
}

async function* content(
  source: ContentSource,
  file: FileEntry,
  options: Cancellable,
): AsyncGenerator<Uint8Array, void> {
  for await (const page of extentPages(source, file, options)) {
    for (const { chunk, length } of unpackExtents(page)) {
      if (chunk === undefined) yield* zeros(length);
      else {
        const bytes = await source.chunk(chunk);
        if (bytes.length !== length)
          throw new StrataError('integrity', 'a file is damaged: a chunk of it has another length');
        yield bytes;
      }
    }
  }
}

function* zeros(length: number): Generator<Uint8Array, void> {
  for (let left = length; left > 0; left -= ZEROS.length)
    yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}

interface Opened {
  readonly source: ContentSource;
}

async function findTree(
  world: WorkspaceWorld,
  pin: Pin,
  ref: string,
): Promise<Opened & { readonly tree: TreeRef }> {
  const { found, source } = await find(world, pin, ref);
  if ('tree' in found) return { source, tree: found.tree };
  throw new StrataError('bad_input', `${ref} is a ${found.entry.kind}, not a directory`, {
    hint: 'Name a snapshot, or a directory in it.',
  });
}

async function find(
  { vault, database }: WorkspaceWorld,
  pin: Pin,
  ref: string,
): Promise<Opened & { readonly found: Found }> {
  const { path = [], ...whole } = parseRef(ref);
  const { row, root } = await getSnapshot(database.kysely, toHex(vault.id), { ...whole, path: undefined });
  const source = await pin.source();
  if (path.length === 0) return { source, found: { tree: root.tree } };
  const entry = await lookup(source, root.tree, path);
  if (entry === undefined) {
    throw new StrataError('path_not_found', `${whole.workspace}@${row.number} has no ${displayPath(path)}`, {
      hint: `\`strata workspaces ls ${whole.workspace}@${row.number}\` lists what it has.`,
      details: { path: displayPath(path) },
    });
  }
  return { source, found: entry.kind === 'directory' ? { tree: entry.tree } : { entry } };
}
