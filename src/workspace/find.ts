/** What a reference points to. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { displayPath, lookup } from '../tree/index.ts';
import type { Entry, Root } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { getSnapshot } from './catalog.ts';
import type { FoundSnapshot } from './catalog.ts';
import { parseRef } from './name.ts';
import type { Ref } from './name.ts';
import type { WorkspaceWorld } from './world.ts';

export interface Found {
  readonly workspace: string;
  readonly snapshot: number;
  readonly source: ContentSource;
  /** A directory, the root or one below it; or an entry that is none. */
  readonly found: { readonly root: Root } | { readonly entry: Exclude<Entry, { kind: 'directory' }> };
}

/** A reference, and the snapshot that it means. */
export interface Wanted {
  readonly ref: Ref;
  readonly snapshot: FoundSnapshot;
}

/** Keeps what is referred to from being collected, as long as it is read. @throws bad_input, workspace_not_found, snapshot_not_found */
export function pinSnapshots<const Refs extends readonly string[]>(
  { vault }: WorkspaceWorld,
  refs: Refs,
  options: Cancellable,
): Promise<Pin<{ readonly [At in keyof Refs]: Wanted }>> {
  const parsed = refs.map(parseRef);
  return vault.pin(async (query) => {
    const found: Wanted[] = [];
    for (const ref of parsed) found.push({ ref, snapshot: await getSnapshot(query, toHex(vault.id), ref) });
    const roots = found.map(({ snapshot }) => snapshot.row.root);
    return { found: found as { readonly [At in keyof Refs]: Wanted }, roots };
  }, options);
}

/** @throws path_not_found */
export async function find(pin: Pin, wanted: Wanted): Promise<Found> {
  const { workspace, path = [] } = wanted.ref;
  const { row, root } = wanted.snapshot;
  const snapshot = row.number;
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
  pin: Pin,
  wanted: Wanted,
): Promise<Omit<Found, 'found'> & { readonly root: Root }> {
  const { found, ...rest } = await find(pin, wanted);
  if ('root' in found) return { ...rest, root: found.root };
  throw new StrataError(
    'bad_input',
    `${rest.workspace}@${rest.snapshot}:${displayPath(wanted.ref.path ?? [])} is a ${found.entry.kind}, not a directory`,
    {
      hint: 'Name a snapshot, or a directory in it.',
    },
  );
}
