/**
 * Layers of several writers as one tree, or all that keeps them from being one.
 *
 * The layers are gone through side by side, one directory at a time. What only one layer has, or all have alike, is taken as it is and
 * not read, so a merge costs what layers have in common.
 */

import { EMPTY, equalBytes, giveWay } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Claim } from './claim.ts';
import { ConflictList } from './conflicts.ts';
import type { Conflicts } from './conflicts.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { DirectoryEntry, Root, TreeRef } from './entry.ts';
import { Front } from './front.ts';
import { MAX_DEPTH } from './limits.ts';
import type { MergeLayer, MergeOptions, Placed } from './merge-layer.ts';
import type { NodeSink, NodeSource } from './node.ts';
import type { Path } from './path.ts';
import { deeper } from './read.ts';
import { separateTrees } from './separate.ts';
import { settle } from './settle.ts';
import type { MergeRules } from './settle.ts';
import { withPath } from './with-path.ts';

export type Merged =
  | { readonly kind: 'merged'; readonly root: Root }
  | {
      readonly kind: 'conflicts';
      /** In the order of the bytes of their paths. */
      readonly conflicts: Conflicts;
      /** How many more there are than could be kept: 0 but for trees made to have millions. */
      readonly more: number;
    };

/** Entries between two looks at the signal. */
const PACE = 8192;

const EMPTY_MODE = 0o755;

/**
 * Merges layers into a tree without whiteouts.
 *
 * - A directory has the mode and the time of the last layer that has it.
 * - Of equal entries that of the last layer is taken, with its time.
 * - Links are never followed.
 *
 * @param source has the nodes of all layers
 * @param sink gets what is new. After a conflict it has nodes that nothing refers to
 * @param layers in order of application: ancestors before descendants, saves of one writer in their order. None make an empty tree
 * @throws integrity with the path, unsupported_format, cancelled; bad_input where a directory of its own cannot be given to a writer
 */
export async function mergeTrees(
  source: NodeSource,
  sink: NodeSink,
  layers: readonly MergeLayer[],
  options: MergeOptions,
): Promise<Merged> {
  const { policy = { kind: 'fail' }, precedes, signal } = options;
  if (policy.kind === 'separate') return separateTrees(source, sink, layers, policy, { signal });
  const merge = new Merge(
    source,
    sink,
    layers,
    { policy, precedes, writerOf: writersOf(layers) },
    { signal },
  );
  return merge.run();
}

/**
 * The conflicts that `mergeTrees` would end with, without a sink: reads only what could conflict.
 *
 * @throws as `mergeTrees`
 */
export async function mergeConflicts(
  source: NodeSource,
  layers: readonly MergeLayer[],
  options: MergeOptions,
): Promise<Pick<Merged & { kind: 'conflicts' }, 'conflicts' | 'more'>> {
  const { policy = { kind: 'fail' }, precedes, signal } = options;
  if (policy.kind === 'separate') return { conflicts: [], more: 0 };
  const rules = { policy, precedes, writerOf: writersOf(layers) };
  const merged = await new Merge(source, undefined, layers, rules, { signal }).run();
  return merged.kind === 'conflicts' ? merged : { conflicts: [], more: 0 };
}

export function writersOf(layers: readonly MergeLayer[]): (layer: number) => number {
  return (layer) => layers[layer]!.writer;
}

/** One directory that several layers have. */
interface Frame extends Looks {
  /** Its name, mode and time are those of the merged tree. */
  readonly name: Uint8Array;
  readonly front: Front;
  /** Undefined once nothing will come of the merge. */
  readonly builder: DirectoryBuilder | undefined;
}

interface Looks {
  readonly mode: number;
  readonly mtime: number;
}

interface Directory extends Looks {
  readonly layer: number;
  readonly tree: TreeRef;
}

class Merge {
  readonly #source: NodeSource;
  readonly #layers: readonly MergeLayer[];
  readonly #rules: MergeRules;
  readonly #options: Cancellable;
  /** Undefined after the first conflict: then only more of them are looked for. */
  #sink: NodeSink | undefined;
  readonly #conflicts = new ConflictList();
  #more = 0;
  /** The names of the open directories, the root's not among them. */
  readonly #above: Uint8Array[] = [];
  /** Not recursive: a tree is as deep as it likes. */
  readonly #open: Frame[] = [];

  constructor(
    source: NodeSource,
    sink: NodeSink | undefined,
    layers: readonly MergeLayer[],
    rules: MergeRules,
    options: Cancellable,
  ) {
    this.#source = source;
    this.#sink = sink;
    this.#layers = layers;
    this.#rules = rules;
    this.#options = options;
  }

  async run(): Promise<Merged> {
    const roots = this.#layers.map(({ root }, layer) => ({ layer, ...root }));
    const face = this.#face(roots, 0) ?? { mode: EMPTY_MODE, mtime: 0 };
    const { mode, mtime } = face;
    const taken = this.#asItIs(roots);
    if (taken !== undefined) return { kind: 'merged', root: { mode, mtime, tree: taken } };
    let tree: TreeRef | undefined;
    try {
      tree = await this.#go(await this.#frame(EMPTY, face, roots));
    } catch (error) {
      throw this.#above.length > 0 ? withPath(error, this.#above) : error;
    }
    if (this.#conflicts.length > 0 || this.#more > 0) return this.#told();
    // Without a sink there is no tree, and nobody asks for one.
    return { kind: 'merged', root: { mode, mtime, tree: tree ?? roots[0]!.tree } };
  }

  /** @returns the merged tree, unless there is a conflict or no sink */
  async #go(root: Frame): Promise<TreeRef | undefined> {
    this.#open.push(root);
    let entries = 0;
    for (;;) {
      const { front, builder, name, mode, mtime } = this.#open.at(-1)!;
      const placed = front.take();
      if (placed === 'unread') {
        await front.read();
      } else if (placed !== undefined) {
        entries += placed.length;
        if (entries >= PACE) {
          entries = 0;
          await giveWay(this.#options.signal);
        }
        await this.#place(placed, builder);
      } else {
        this.#open.pop();
        this.#above.pop();
        const tree = this.#sink === undefined ? undefined : builder?.finish();
        const parent = this.#open.at(-1);
        if (parent === undefined) return tree;
        if (tree !== undefined) parent.builder?.add({ kind: 'directory', name, mode, mtime, tree });
      }
    }
  }

  async #place(placed: readonly Placed[], builder: DirectoryBuilder | undefined): Promise<void> {
    const { name } = placed[0]!.entry;
    if (this.#above.length >= MAX_DEPTH) deeper(this.#above, name);
    const { seen, conflict } = settle(placed, this.#rules);
    if (conflict !== undefined) this.#conflict(deeper(this.#above, name), conflict);
    const entry = seen.at(-1)?.entry;
    if (entry === undefined) return;
    if (entry.kind !== 'directory') {
      if (this.#sink !== undefined) builder?.add(entry);
      return;
    }
    const directories = seen.map(({ layer, entry: each }) => ({
      layer,
      ...(each as DirectoryEntry),
    }));
    const face = this.#face(directories, this.#above.length + 1)!;
    const { mode, mtime } = face;
    const tree = this.#asItIs(directories);
    if (tree === undefined) {
      // First the name, so that damage of a top is told with its path.
      this.#above.push(name);
      this.#open.push(await this.#frame(name, face, directories));
    } else if (this.#sink !== undefined) {
      builder?.add({ kind: 'directory', name, mode, mtime, tree });
    }
  }

  async #frame(name: Uint8Array, { mode, mtime }: Looks, directories: readonly Directory[]): Promise<Frame> {
    const shares = this.#rules.policy.kind !== 'fail-any' || this.#isOneWriter(directories);
    const front = await Front.open(this.#source, directories, shares, this.#options);
    const builder = this.#sink && new DirectoryBuilder(this.#sink);
    return { name, mode, mtime, front, builder };
  }

  /** Whose mode and time a merged directory has. @param depth names of its path */
  #face(directories: readonly Directory[], depth: number): Directory | undefined {
    const own = (each: Directory) => (this.#layers[each.layer]!.implied ?? 0) <= depth;
    return directories.findLast(own) ?? directories.at(-1);
  }

  /** What the directories are together, if that can be said without reading them. */
  #asItIs(directories: readonly Directory[]): TreeRef | undefined {
    const tree = directories.at(-1)?.tree;
    if (tree === undefined) return undefined;
    const isOneWriter = this.#isOneWriter(directories);
    // Whoever only looks for conflicts finds none in what one writer has.
    if (this.#sink === undefined && isOneWriter) return tree;
    if (!directories.every((each) => equalBytes(each.tree.digest, tree.digest))) return undefined;
    // They are equal: if one cannot have whiteouts, none has.
    if (this.#sink !== undefined && directories.every(({ layer }) => this.#layers[layer]!.whiteouts))
      return undefined;
    const { files, symlinks } = tree.summary;
    const isTold = this.#rules.policy.kind !== 'fail-any' || isOneWriter || files + symlinks === 0;
    return isTold ? tree : undefined;
  }

  #isOneWriter(directories: readonly { readonly layer: number }[]): boolean {
    const { writerOf } = this.#rules;
    return directories.every(({ layer }) => writerOf(layer) === writerOf(directories[0]!.layer));
  }

  #conflict(path: Path, claims: readonly Claim[]): void {
    this.#sink = undefined;
    if (!this.#conflicts.add(path, claims)) this.#more += 1;
  }

  #told(): Merged {
    // The walk has a/b before a.b, as no order of whole paths has.
    this.#conflicts.sort();
    return { kind: 'conflicts', conflicts: this.#conflicts, more: this.#more };
  }
}
