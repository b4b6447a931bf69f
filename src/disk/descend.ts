/** Visits what a tree holds, in the order in which it can be put on a disk. */

import { StrataError, nearNames, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { MAX_DEPTH, displayName, displayPath, joinPath, lookup, pages, pathText } from '../tree/index.ts';
import type {
  DirectoryEntry,
  Entry,
  FileEntry,
  NodeSource,
  Path,
  Summary,
  SymlinkEntry,
  TreeRef,
} from '../tree/index.ts';
import type { Pace } from './pace.ts';

/** Names of a directory that are compared with one that is not in it. */
const COMPARED = 10_000;

export interface Visitor {
  /** `leave` follows when all that it holds was visited. */
  enter(entry: DirectoryEntry, path: Path): Promise<void>;
  leave(entry: DirectoryEntry): void;
  /** Links come after everything else in their directory, so that nothing can be written through one of them. */
  leaf(entry: FileEntry | SymlinkEntry, path: Path): Promise<void>;
}

export interface Selection extends Cancellable {
  readonly source: NodeSource;
  readonly tree: TreeRef;
  /** Only this path, and the directories on the way. */
  readonly only?: Path | undefined;
}

interface Frame {
  readonly entry: DirectoryEntry | undefined;
  readonly pages: AsyncIterator<readonly Entry[], void>;
  page: readonly Entry[];
  next: number;
  readonly links: SymlinkEntry[];
}

/**
 * Not recursive, for a hostile tree is as deep as it likes. The path given to a visitor changes after the call: copy it.
 *
 * @throws integrity for what no tree to be put on a disk has: whiteouts, and paths of more than `MAX_DEPTH` names
 * @throws path_not_found
 */
export async function descend(selection: Selection, visitor: Visitor, pace: Pace): Promise<void> {
  const only = await entriesTo(selection);
  const path: Uint8Array[] = [];
  const open = (entry: DirectoryEntry | undefined): Frame => {
    const chosen = only[path.length];
    const tree = entry?.tree ?? selection.tree;
    const { source, signal } = selection;
    return {
      entry,
      pages: chosen === undefined ? pages(source, tree, { signal }) : pageOf(chosen),
      page: [],
      next: 0,
      links: [],
    };
  };

  const visitLeaf = async (entry: FileEntry | SymlinkEntry) => {
    if (pace.step()) await pace.pause();
    path.push(entry.name);
    await visitor.leaf(entry, path);
    path.pop();
  };

  const frames = [open(undefined)];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const entry = frame.page[frame.next++];
    if (entry === undefined) {
      const { value } = await frame.pages.next();
      Object.assign(frame, { page: value ?? [], next: 0 });
      if (value !== undefined) continue;
      for (const link of frame.links) await visitLeaf(link);
      frames.pop();
      path.pop();
      if (frame.entry !== undefined) visitor.leave(frame.entry);
    } else if (entry.kind === 'symlink') {
      frame.links.push(entry);
    } else if (entry.kind === 'file') {
      await visitLeaf(entry);
    } else if (entry.kind === 'directory') {
      // Also for trees of directories alone, whose nodes may all be in memory: else no signal would come through.
      if (pace.step()) await pace.pause();
      path.push(entry.name);
      if (path.length > MAX_DEPTH) refuse(path, `is deeper than ${MAX_DEPTH} levels`);
      await visitor.enter(entry, path);
      frames.push(open(entry));
    } else {
      refuse(joinPath(path, entry.name), 'is a whiteout, which only a layer may have');
    }
  }
  throwIfAborted(selection.signal);
}

/** What is chosen, the directories on the way counted too. @throws path_not_found, integrity */
export async function summaryOf(selection: Selection): Promise<Summary> {
  const way = await entriesTo(selection);
  const last = way.at(-1);
  if (last === undefined) return selection.tree.summary;
  const { files, directories, symlinks, bytes } =
    last.kind === 'directory' ? last.tree.summary : { files: 0, directories: 0, symlinks: 0, bytes: 0 };
  return {
    files: files + (last.kind === 'file' ? 1 : 0),
    directories: directories + way.filter(({ kind }) => kind === 'directory').length,
    symlinks: symlinks + (last.kind === 'symlink' ? 1 : 0),
    bytes: bytes + (last.kind === 'file' ? last.size : 0),
  };
}

/** The entry of each directory on the way to `only`, and its own. */
async function entriesTo({ source, tree, only = [], signal }: Selection): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let depth = 1; depth <= only.length; depth++) {
    const above = entries.at(-1);
    const entry =
      above === undefined || above.kind === 'directory'
        ? await lookup(source, above?.tree ?? tree, only.slice(depth - 1, depth), { signal })
        : undefined;
    if (entry === undefined)
      throw await notFound(source, above?.kind === 'directory' ? above.tree : tree, only, depth);
    entries.push(entry);
  }
  return entries;
}

async function* pageOf(entry: Entry): AsyncGenerator<readonly Entry[], void> {
  yield [entry];
}

async function notFound(
  source: NodeSource,
  directory: TreeRef,
  only: Path,
  depth: number,
): Promise<StrataError> {
  const above = only.slice(0, depth - 1);
  const names: string[] = [];
  for await (const page of pages(source, directory)) {
    for (const { name } of page) names.push(displayName(name));
    if (names.length > COMPARED) break;
  }
  const near = nearNames(displayName(only[depth - 1]!), names).map((name) => [displayPath(above), name]);
  const hint = near.map((parts) => parts.filter((part) => part !== '').join('/')).join(', ');
  return new StrataError('path_not_found', `there is no ${displayPath(only)} in the tree`, {
    hint: hint === '' ? 'List what is there: strata workspaces ls REF' : `Did you mean ${hint}?`,
    details: { path: displayPath(only) },
  });
}

function refuse(path: Path, reason: string): never {
  throw new StrataError('integrity', `the tree cannot be restored: ${pathText(path)} ${reason}`, {
    hint: 'Nothing was written. Check the store: strata store verify',
    details: { paths: [displayPath(path)] },
  });
}
