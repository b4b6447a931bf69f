/** What a reference points to. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { displayPath, lookup } from '../tree/index.ts';
import type { Entry, Path, Root } from '../tree/index.ts';
import type { ContentSource, Pin } from '../vault/index.ts';
import { getSnapshot } from './catalog.ts';
import type { ReadableTree } from './merged.ts';
import { parseRef } from './name.ts';
import type { Query, WorkspaceWorld } from './world.ts';

/** A tree that a reference means, before it is read. */
export interface Wanted {
  /** How it is called in messages: `web@3`. */
  readonly label: string;
  readonly workspace: string;
  /** Undefined: it is no snapshot, but a tree that another room knows. */
  readonly snapshot: number | undefined;
  /** Undefined when the reference has no `:`. */
  readonly path: Path | undefined;
  /** All that reading it needs, as Root records. */
  readonly roots: readonly Uint8Array[];
  /** @param source of all that was looked up */
  readonly open: (source: ContentSource) => Promise<ReadableTree>;
}

export interface Found {
  readonly workspace: string;
  readonly snapshot: number | undefined;
  readonly source: ContentSource;
  /** A directory, the root or one below it; or an entry that is none. */
  readonly found: { readonly root: Root } | { readonly entry: Exclude<Entry, { kind: 'directory' }> };
}

/** Keeps what is referred to from being collected, as long as it is read. @throws bad_input, workspace_not_found, snapshot_not_found */
export async function pinTrees<const Refs extends readonly string[]>(
  world: WorkspaceWorld,
  refs: Refs,
  options: Cancellable = {},
): Promise<Pin<{ readonly [At in keyof Refs]: Wanted }>> {
  const lookUps: ((query: Query) => Promise<Wanted>)[] = [];
  for (const ref of refs) lookUps.push((await world.otherTree?.(ref, options)) ?? snapshotOf(world, ref));
  return world.vault.pin(async (query) => {
    const found: Wanted[] = [];
    for (const lookUp of lookUps) found.push(await lookUp(query));
    return {
      found: found as { readonly [At in keyof Refs]: Wanted },
      roots: found.flatMap(({ roots }) => roots),
    };
  }, options);
}

function snapshotOf({ vault }: WorkspaceWorld, ref: string): (query: Query) => Promise<Wanted> {
  const parsed = parseRef(ref);
  return async (query) => {
    const { row, root } = await getSnapshot(query, toHex(vault.id), parsed);
    const { workspace, path } = parsed;
    return {
      label: `${workspace}@${row.number}`,
      workspace,
      snapshot: row.number,
      path,
      roots: [row.root],
      open: async (source) => ({ root, source }),
    };
  };
}

/** @throws path_not_found */
export async function find(pin: Pin, wanted: Wanted): Promise<Found> {
  const { label, workspace, snapshot, path = [] } = wanted;
  const { root, source } = await wanted.open(await pin.source());
  if (path.length === 0) return { workspace, snapshot, source, found: { root } };
  const entry = await lookup(source, root.tree, path);
  if (entry === undefined) {
    throw new StrataError('path_not_found', `${label} has no ${displayPath(path)}`, {
      hint: `\`strata workspaces ls ${label}\` lists what it has.`,
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
    `${wanted.label}:${displayPath(wanted.path ?? [])} is a ${found.entry.kind}, not a directory`,
    {
      hint: 'Name a snapshot, or a directory in it.',
    },
  );
}
