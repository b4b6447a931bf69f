/** What a reference points to. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { displayPath, lookup } from '../tree/index.ts';
import type { Entry, Root } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { getSnapshot } from './catalog.ts';
import { parseRef } from './name.ts';
import type { OtherTree, WorkspaceWorld } from './world.ts';

export interface Found {
  readonly workspace: string;
  /** Undefined: it is no workspace, but has a tree of its own. */
  readonly snapshot: number | undefined;
  readonly source: ContentSource;
  /** A directory, the root or one below it; or an entry that is none. */
  readonly found: { readonly root: Root } | { readonly entry: Exclude<Entry, { kind: 'directory' }> };
}

/** @throws bad_input, workspace_not_found, snapshot_not_found, path_not_found */
export async function find(
  world: WorkspaceWorld,
  pin: Pin,
  ref: string,
  options: Cancellable = {},
): Promise<Found> {
  const { label, root, source, path = [], ...whose } = await treeOf(world, pin, ref, options);
  if (path.length === 0) return { ...whose, source, found: { root } };
  const entry = await lookup(source, root.tree, path, options);
  if (entry === undefined) {
    throw new StrataError('path_not_found', `${label} has no ${displayPath(path)}`, {
      hint: `\`strata workspaces ls ${label}\` lists what it has.`,
      details: { path: displayPath(path) },
    });
  }
  return { ...whose, source, found: entry.kind === 'directory' ? { root: entry } : { entry } };
}

/** The whole tree, and the path that is meant in it. */
export async function treeOf(
  { vault, database, otherTree }: WorkspaceWorld,
  pin: Pin,
  ref: string,
  options: Cancellable,
): Promise<OtherTree & Pick<Found, 'workspace' | 'snapshot'>> {
  const other = await otherTree?.(ref, pin, options);
  if (other !== undefined) return { ...other, workspace: other.label, snapshot: undefined };
  const { path, ...whole } = parseRef(ref);
  const { row, root } = await getSnapshot(database.kysely, toHex(vault.id), { ...whole, path: undefined });
  const { workspace } = whole;
  // The index comes after the snapshot: what it refers to is in force by then.
  const source = await pin.source();
  return { label: `${workspace}@${row.number}`, root, source, path, workspace, snapshot: row.number };
}

/** For what means a directory. @throws as `find`; bad_input for a file or link */
export async function findRoot(
  world: WorkspaceWorld,
  pin: Pin,
  ref: string,
  options: Cancellable = {},
): Promise<Omit<Found, 'found'> & { readonly root: Root }> {
  const { found, ...rest } = await find(world, pin, ref, options);
  if ('root' in found) return { ...rest, root: found.root };
  throw new StrataError('bad_input', `${ref} is a ${found.entry.kind}, not a directory`, {
    hint: 'Name a snapshot, or a directory in it.',
  });
}
