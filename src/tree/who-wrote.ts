/** Why a path of a merged tree is what it is: everybody who wrote it, and what became of that. */

import { StrataError, equalBytes } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { claimsOf } from './claim.ts';
import { equalEntries } from './diff.ts';
import type { TreeRef } from './entry.ts';
import { entryDigest } from './entry-digest.ts';
import { writersOf } from './merge.ts';
import type { ConflictWriter } from './conflicts.ts';
import type { MergeLayer, MergeOptions, Placed } from './merge-layer.ts';
import type { NodeSource } from './node.ts';
import type { Path } from './path.ts';
import { find } from './read.ts';
import { hiderOf, settle } from './settle.ts';
import type { MergeRules } from './settle.ts';

export interface Writing extends ConflictWriter {
  /**
   * - `seen`: it is what stands there; of directories that merge, each.
   * - `equal`: the same as what is seen, which a later layer has.
   * - `deletes`: it is why nothing is there.
   * - `conflict`: it keeps the layers from being merged.
   * - `hidden`: something else is seen; also where something above the path has hidden it.
   */
  readonly part: 'seen' | 'equal' | 'deletes' | 'conflict' | 'hidden';
  /** The layer that hides it, at the path or above it. */
  readonly by: number | undefined;
}

export interface WhoWrote {
  /** Every layer that has the path, in order of application. */
  readonly writings: readonly Writing[];
  /** How many names of the path lead to the first conflict on the way; undefined if there is none. */
  readonly conflictAt: number | undefined;
}

/**
 * Every layer that has an entry at a path, and what a merge with these options makes of it. Reads only the nodes that lead there.
 *
 * @throws bad_input for the empty path; integrity, unsupported_format, cancelled
 */
export async function whoWrote(
  source: NodeSource,
  layers: readonly MergeLayer[],
  path: Path,
  { policy = { kind: 'fail' }, precedes, signal }: MergeOptions,
): Promise<WhoWrote> {
  if (path.length === 0)
    throw new StrataError('bad_input', 'the path is empty: every layer has a root', {
      hint: 'Give the path of a file, a directory or a link.',
    });
  const writerOf = writersOf(layers);
  const all = layers.map(({ root }, layer) => ({ layer, tree: root.tree }));
  if (policy.kind !== 'separate')
    return search(source, all, path, { policy, precedes, writerOf }, { signal });
  const own = all.filter(({ layer }) => equalBytes(policy.directoryOf(writerOf(layer)), path[0]!));
  const rules: MergeRules = { policy: { kind: 'fail' }, precedes: () => false, writerOf };
  if (path.length > 1) return search(source, own, path.slice(1), rules, { signal });
  const writings = own.map(({ layer, tree }): Writing => {
    const { mode, mtime } = layers[layer]!.root;
    const entry = { kind: 'directory', name: path[0]!, mode, mtime, tree } as const;
    return writing({ layer, entry }, 'seen', undefined);
  });
  return { writings, conflictAt: undefined };
}

/** A layer's directory on the way, and the layer that has hidden it, if one has. */
interface Way {
  readonly layer: number;
  readonly tree: TreeRef;
  readonly by?: number | undefined;
}

async function search(
  source: NodeSource,
  roots: readonly Way[],
  path: Path,
  rules: MergeRules,
  options: Cancellable,
): Promise<WhoWrote> {
  let ways = roots;
  let conflictAt: number | undefined;
  for (const [depth, name] of path.entries()) {
    const found: (Placed & { readonly by: number | undefined })[] = [];
    for (const { layer, tree, by } of ways) {
      const entry = await find(source, tree, name, options);
      if (entry !== undefined) found.push({ layer, entry, by });
    }
    const placed = found.filter(({ by }) => by === undefined);
    const parts = partsOf(placed, rules);
    const isLast = depth === path.length - 1;
    if (placed.length > 0 && settle(placed, rules).conflict !== undefined) conflictAt ??= depth + 1;
    if (isLast) {
      const writings = found.map((each) => {
        const { part, by } = parts.get(each.layer) ?? { part: 'hidden', by: each.by };
        return writing(each, part, by);
      });
      return { writings, conflictAt };
    }
    ways = found.flatMap(({ layer, entry, by }) => {
      if (entry.kind !== 'directory') return [];
      const hiddenBy = by ?? parts.get(layer)?.by;
      return [{ layer, tree: entry.tree, by: hiddenBy }];
    });
  }
  return { writings: [], conflictAt };
}

type Part = Pick<Writing, 'part' | 'by'>;

function partsOf(placed: readonly Placed[], rules: MergeRules): Map<number, Part> {
  const parts = new Map<number, Part>();
  if (placed.length === 0) return parts;
  const { seen, conflict, decidedBy } = settle(placed, rules);
  const claims = claimsOf(placed, rules.writerOf);
  const top = seen.at(-1);
  for (const { layer, entry } of placed) {
    const claim = claims.find(({ writer }) => writer === rules.writerOf(layer))!;
    const hider = hiderOf(claim, claims, rules);
    if (hider !== undefined) parts.set(layer, { part: 'hidden', by: hider.layer });
    else if (layer !== claim.layer && !claim.directories.some((each) => each.layer === layer))
      parts.set(layer, { part: 'hidden', by: claim.layer });
    else if (conflict !== undefined) parts.set(layer, { part: 'conflict', by: undefined });
    else if (seen.some((each) => each.layer === layer)) parts.set(layer, { part: 'seen', by: undefined });
    else if (entry.kind === 'whiteout' && top === undefined)
      parts.set(layer, { part: 'deletes', by: undefined });
    else if (top !== undefined && equalEntries(entry, top.entry))
      parts.set(layer, { part: 'equal', by: undefined });
    else parts.set(layer, { part: 'hidden', by: decidedBy ?? top?.layer });
  }
  return parts;
}

function writing({ layer, entry }: Placed, part: Writing['part'], by: number | undefined): Writing {
  return { layer, kind: entry.kind, mode: entry.mode, digest: entryDigest(entry), part, by };
}
