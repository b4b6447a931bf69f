/** What a reference points to. */

import { StrataError, toHex } from '../base/index.ts';
import { displayPath, lookup } from '../tree/index.ts';
import type { Entry, Root } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { getSnapshot } from './catalog.ts';
import { parseRef } from './name.ts';
import type { WorkspaceWorld } from './world.ts';

export interface Found {
  readonly workspace: string;
  readonly snapshot: number;
  readonly source: ContentSource;
  /** A directory, the root or one below it; or an entry that is none. */
  readonly found: { readonly root: Root } | { readonly entry: Exclude<Entry, { kind: 'directory' }> };
}

/** @throws bad_input, workspace_not_found, snapshot_not_found, path_not_found */
export async function find({ vault, database }: WorkspaceWorld, pin: Pin, ref: string): Promise<Found> {
  const { path = [], ...whole } = parseRef(ref);
  const { row, root } = await getSnapshot(database.kysely, toHex(vault.id), { ...whole, path: undefined });
  const { workspace } = whole;
  const snapshot = row.number;
  // The index comes after the snapshot: what it refers to is in force by then.
  const source = await pin.source();
  if (path.length === 0) return { workspace, snapshot, source, found: { root } };
  const entry = await lookup(source, root.tree, path);
  if (entry === undefined) {
    throw new StrataError('path_not_found', `${workspace}@${snapshot} has no ${displayPath(path)}`, {
      hint: `\`strata workspaces ls ${workspace}@${snapshot}\` lists what it has.`,
      details: { path: displayPath(path) },
    });
  }
  return { workspace, snapshot, source, found: entry.kind === 'directory' ? { root: entry } : { entry } };
}

/** For what means a directory. @throws as `find`; bad_input for a file or link */
export async function findRoot(
  world: WorkspaceWorld,
  pin: Pin,
  ref: string,
): Promise<Omit<Found, 'found'> & { readonly root: Root }> {
  const { found, ...rest } = await find(world, pin, ref);
  if ('root' in found) return { ...rest, root: found.root };
  throw new StrataError('bad_input', `${ref} is a ${found.entry.kind}, not a directory`, {
    hint: 'Name a snapshot, or a directory in it.',
  });
}
