/** Trees put at places in one tree. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { checkDepth } from './depth.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { Root, TreeRef } from './entry.ts';
import { MAX_DEPTH, nameFlaw } from './limits.ts';
import { mergeTrees } from './merge.ts';
import type { MergeLayer } from './merge-layer.ts';
import type { NodeSink, NodeSource } from './node.ts';
import type { Path } from './path.ts';
import { find } from './read.ts';
import { StagedNodes } from './staged-nodes.ts';
import { pathText } from './with-path.ts';

export interface GraftPart {
  readonly root: Root;
  /** Where it stands; empty: it is the root. */
  readonly at: Path;
}

export interface GraftOptions extends Cancellable {
  /** Directories that only lead to a part are as they are here, if they are here. */
  readonly like?: TreeRef | undefined;
}

/** Of a directory that only leads to a part. */
const MODE = 0o755;

/**
 * Each part at its place, a later one over an earlier one: directories merge, all else is replaced. A directory that only leads to a part has
 * the mode 0o755 and the time of the part, unless another part has it itself, or `like` has it.
 *
 * @param source has the nodes of the parts
 * @throws bad_input for a place that is none, or so deep that a path would have more than `MAX_DEPTH` names
 * @throws integrity with the path, unsupported_format, cancelled
 */
export async function graft(
  source: NodeSource,
  sink: NodeSink,
  parts: readonly GraftPart[],
  { like, signal }: GraftOptions = {},
): Promise<Root> {
  // What leads to the parts is read again at once, and most of it is not what the result needs.
  const staged = new StagedNodes(source);
  const layers: MergeLayer[] = [];
  for (const { root, at } of parts) {
    const flaw = at.map(nameFlaw).find((each) => each !== undefined);
    if (flaw !== undefined) refuse(at, flaw);
    if (at.length >= MAX_DEPTH) refuse(at, `it has ${MAX_DEPTH} names or more`);
    await checkDepth(source, root.tree, at.length, { signal });
    const wrapped = await lead(staged, root, at, { like, signal });
    layers.push({ root: wrapped, writer: 0, whiteouts: false, implied: at.length });
  }
  const merged = await mergeTrees(staged.source, staged.sink, layers, { precedes: () => false, signal });
  if (merged.kind === 'conflicts') throw new StrataError('internal', 'the parts of one tree are in conflict');
  staged.moveTo(sink, merged.root);
  return merged.root;
}

/** A tree in which nothing stands but the part at its place. */
async function lead(
  { sink, source }: StagedNodes,
  part: Root,
  at: Path,
  { like, signal }: GraftOptions,
): Promise<Root> {
  const looks: { readonly mode: number; readonly mtime: number }[] = [];
  let given = like;
  for (const name of at.slice(0, -1)) {
    const entry = given && (await find(source, given, name, { signal }));
    given = entry?.kind === 'directory' ? entry.tree : undefined;
    looks.push(entry?.kind === 'directory' ? entry : { mode: MODE, mtime: part.mtime });
  }
  let root = part;
  for (let depth = at.length; depth > 0; depth--) {
    const builder = new DirectoryBuilder(sink);
    builder.add({ kind: 'directory', name: at[depth - 1]!, ...root });
    const { mode, mtime } = looks[depth - 2] ?? { mode: MODE, mtime: part.mtime };
    root = { mode, mtime, tree: builder.finish() };
  }
  return root;
}

function refuse(at: Path, reason: string): never {
  throw new StrataError('bad_input', `nothing can be put at ${pathText(at)}: ${reason}`, {
    hint: 'Give a directory like build/out: relative to the workspace, without . and ..',
  });
}
