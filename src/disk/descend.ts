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
  enter(entry: DirectoryEntry, path: Path): Work;
  leave(entry: DirectoryEntry, path: Path): Work;
  /** Links come after everything else in their directory, so that nothing can be written through one of them. */
  leaf(entry: FileEntry | SymlinkEntry, path: Path): Work;
  /** Asked before each: the rest is of no interest. */
  isDone?(): boolean;
}

/** A promise only where there is something to wait for: one for each of a million files takes longer than what they are about. */
export type Work = Promise<void> | undefined;

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
  /** Those that were passed over. */
  links: SymlinkEntry[];
  /** Whether nothing else is left. */
  onlyLinks: boolean;
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
      onlyLinks: false,
    };
  };

  const frames = [open(undefined)];
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (visitor.isDone?.() === true) return;
    const entry = frame.page[frame.next++];
    if (entry === undefined) {
      if (await turnPage(frame)) continue;
      frames.pop();
      const work = frame.entry && visitor.leave(frame.entry, path);
      if (work !== undefined) await work;
      path.pop();
    } else if (entry.kind === 'symlink' && !frame.onlyLinks) {
      frame.links.push(entry);
    } else if (entry.kind === 'file' || entry.kind === 'symlink') {
      if (pace.step()) await pace.pause();
      path.push(entry.name);
      const work = visitor.leaf(entry, path);
      if (work !== undefined) await work;
      path.pop();
    } else if (entry.kind === 'directory') {
      // Also for trees of directories alone, whose nodes may all be in memory: else no signal would come through.
      if (pace.step()) await pace.pause();
      path.push(entry.name);
      if (path.length > MAX_DEPTH) refuse(path, `is deeper than ${MAX_DEPTH} levels`);
      const work = visitor.enter(entry, path);
      if (work !== undefined) await work;
      frames.push(open(entry));
    } else {
      refuse(joinPath(path, entry.name), 'is a whiteout, which only a layer may have');
    }
  }
  throwIfAborted(selection.signal);
}

/** @returns whether there is one more: the links are the last */
async function turnPage(frame: Frame): Promise<boolean> {
  if (frame.onlyLinks) return false;
  const { value } = await frame.pages.next();
  frame.onlyLinks = value === undefined;
  frame.page = value ?? frame.links;
  frame.next = 0;
  if (frame.onlyLinks) frame.links = [];
  return true;
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
