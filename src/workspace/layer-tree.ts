/** What one save adds to a workspace: directories of the disk at places in it, without what was given. */

import { StrataError, concatBytes } from '../base/index.ts';
import type { Cancellable, Sha256 } from '../base/index.ts';
import { scanDirectory } from '../disk/index.ts';
import type { StatMemory } from '../disk/index.ts';
import { StagedNodes, displayPath, graft, lookup, selectTree, subtract } from '../tree/index.ts';
import type { NodeSource, Path, Root, Selector, TreeRef } from '../tree/index.ts';
import type { ContentSink, SharedSink } from '../vault/index.ts';
import type { ReadableTree } from './merged.ts';

export interface LayerContent {
  /** Leads to the directory, and to nothing else whatever its path does: see `Below`. */
  readonly directory: string;
  /** How it is called in messages. */
  readonly shown: string;
  /** Where it stands in the workspace. */
  readonly at: Path;
  /** Undefined: everything. */
  readonly selectors: readonly Selector[] | undefined;
  /** As of `scanDirectory`. */
  readonly memory: StatMemory['records'];
}

export interface LayerOptions extends Cancellable {
  /** What of the workspace was there before: only what differs from it is saved. */
  readonly given?: ReadableTree | undefined;
  /** Whether what is gone since is saved as gone. */
  readonly deletions?: boolean | undefined;
  readonly warn?: ((line: string) => void) | undefined;
}

export interface LayerTree {
  readonly root: Root;
  readonly whiteouts: boolean;
  /** As of `MergeLayer`. */
  readonly implied: number;
  /** It neither adds nor takes away anything: all that there may be are directories of the places themselves. */
  readonly isEmpty: boolean;
  /** For each content and each of its selectors whether it matched anything. */
  readonly matched: readonly (readonly boolean[])[];
  /** For each content what to remember of its directory once the layer is saved; undefined: nothing new. */
  readonly records: readonly (Uint8Array | undefined)[];
}

/**
 * @param sink of the save
 * @throws as `scanDirectory`, `graft` and `subtract`
 */
export async function buildLayer(
  sink: ContentSink,
  contents: readonly LayerContent[],
  { given, deletions = false, warn, signal }: LayerOptions,
): Promise<LayerTree> {
  const staged = new StagedNodes(given?.source ?? NOTHING);
  const parts: { root: Root; at: Path }[] = [];
  const scopes: { root: Root; at: Path }[] = [];
  const matched: (readonly boolean[])[] = [];
  const records: (Uint8Array | undefined)[] = [];
  for (const { directory, shown, at, selectors, memory } of contents) {
    const written: Uint8Array[] = [];
    const scan = await scanDirectory(directory, new StagingSink(sink, staged), {
      shown,
      select: selectors && anyOf(selectors),
      memory: {
        records: memory,
        write: (part) => void written.push(Uint8Array.from(part)),
        treesMayLack: true,
      },
      warn,
      signal,
    });
    // Of a part of a directory nothing is remembered: another save may choose another part.
    records.push(selectors === undefined && written.length > 0 ? concatBytes(written) : undefined);
    const select = (tree: TreeRef) =>
      selectors === undefined
        ? { tree, matched: [] }
        : selectTree(staged.source, staged.sink, tree, selectors, { signal });
    const chosen = await select(scan.root.tree);
    parts.push({ root: { ...scan.root, tree: chosen.tree }, at });
    matched.push(chosen.matched);
    const before = given && (await directoryAt(given, at, { signal }));
    if (before === undefined) continue;
    const scope = await select(before.tree);
    scopes.push({ root: { ...before, tree: scope.tree }, at });
  }
  const like = given?.root.tree;
  let root = await graft(staged.source, staged.sink, parts, { like, signal });
  let whiteouts = 0;
  if (scopes.length > 0) {
    const scope = await graft(staged.source, staged.sink, scopes, { like, signal });
    const delta = await subtract(staged.source, staged.sink, root.tree, scope.tree, { deletions, signal });
    root = { ...root, tree: delta.tree };
    whiteouts = delta.whiteouts;
  }
  const isEmpty = whiteouts === 0 && (await hasPlacesOnly(staged.source, root, parts, { signal }));
  staged.moveTo(sink, root);
  // Of no parts there is nothing that would lead to one.
  const implied = parts.length === 0 ? 0 : Math.min(...parts.map(({ at }) => at.length));
  return { root, whiteouts: whiteouts > 0, implied, isEmpty, matched, records };
}

async function hasPlacesOnly(
  source: NodeSource,
  { tree }: Root,
  parts: readonly { readonly at: Path }[],
  options: Cancellable,
): Promise<boolean> {
  const { files, symlinks, directories } = tree.summary;
  if (files + symlinks > 0) return false;
  const places = new Map(
    parts.flatMap(({ at }) =>
      at.map((_, depth): [string, Path] => {
        const place = at.slice(0, depth + 1);
        return [displayPath(place), place];
      }),
    ),
  );
  let made = 0;
  for (const place of places.values()) if ((await lookup(source, tree, place, options)) !== undefined) made++;
  return directories === made;
}

/** The directory of a tree that stands at a path, if one does. */
async function directoryAt(
  { root, source }: ReadableTree,
  at: Path,
  options: Cancellable,
): Promise<Root | undefined> {
  if (at.length === 0) return root;
  const entry = await lookup(source, root.tree, at, options);
  return entry?.kind === 'directory' ? entry : undefined;
}

function anyOf(selectors: readonly Selector[]): Selector {
  return (path, isDirectory) => {
    let best: ReturnType<Selector> = 'none';
    for (const selector of selectors) {
      const answer = selector(path, isDirectory);
      if (answer === 'all') return 'all';
      if (answer === 'enter') best = 'enter';
    }
    return best;
  };
}

/** Contents go to the save; nodes wait, since most of them are not those of the layer in the end. */
class StagingSink implements ContentSink {
  readonly #sink: ContentSink;
  readonly #staged: StagedNodes;

  readonly shared?: SharedSink;

  constructor(sink: ContentSink, staged: StagedNodes) {
    this.#sink = sink;
    this.#staged = staged;
    if (sink.shared !== undefined) this.shared = sink.shared;
  }

  get cutTables(): ContentSink['cutTables'] {
    return this.#sink.cutTables;
  }

  chunk(bytes: Uint8Array): Sha256 {
    return this.#sink.chunk(bytes);
  }

  node(bytes: Uint8Array): Sha256 {
    return this.#staged.sink.node(bytes);
  }

  has(bytes: Uint8Array, at: number): boolean {
    return this.#sink.has?.(bytes, at) ?? false;
  }

  drain(): Promise<void> {
    return this.#sink.drain();
  }
}

const NOTHING = {
  node: async (): Promise<never> => {
    throw new StrataError('internal', 'a node of no tree is asked for');
  },
};
