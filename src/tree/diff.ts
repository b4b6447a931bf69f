/** What differs between two trees, at the cost of what differs: below the two tops, nodes with equal digests are never read. */

import { compareBytes, equalBytes, unreachable } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { Cursor } from './cursor.ts';
import type { Content, Entry, TreeRef } from './entry.ts';
import type { NodeSource } from './node.ts';
import type { Path } from './path.ts';
import { deeper } from './read.ts';

export type Change =
  | { readonly kind: 'added'; readonly path: Path; readonly after: Entry }
  | { readonly kind: 'removed'; readonly path: Path; readonly before: Entry }
  | { readonly kind: 'changed'; readonly path: Path; readonly before: Entry; readonly after: Entry };

/** One directory that differs; on one side it may not exist. */
export interface Pair {
  readonly before: Cursor | undefined;
  readonly after: Cursor | undefined;
}

/**
 * The changes that lead from one tree to another, each directory before what it holds, names in ascending order of their
 * bytes.
 *
 * - Times do not count, as they do not in digests.
 * - A directory is `changed` when its mode is; that something in it changed is told by what is in it.
 * - When a directory comes, goes, or becomes something else, everything in it is told too: `added` or `removed`.
 *
 * @param source has the nodes of both trees
 * @throws integrity, unsupported_format, cancelled
 */
export async function* diff(
  source: NodeSource,
  before: TreeRef,
  after: TreeRef,
  options: Cancellable = {},
): AsyncGenerator<Change, void> {
  const openPair = async (a: TreeRef | undefined, b: TreeRef | undefined): Promise<Pair> => ({
    before: a && (await Cursor.open(source, a, options)),
    after: b && (await Cursor.open(source, b, options)),
  });
  if (equalBytes(before.digest, after.digest)) return;
  const above: Uint8Array[] = [];
  const open = [await openPair(before, after)];
  for (let pair = open.at(-1); pair !== undefined; pair = open.at(-1)) {
    const step = await nextStep(pair);
    if (step === undefined) {
      open.pop();
      above.pop();
      continue;
    }
    const { name } = (step.before ?? step.after)!;
    const change = changeAt(deeper(above, name), step);
    if (change !== undefined) yield change;
    const a = treeOf(step.before);
    const b = treeOf(step.after);
    if (a === undefined && b === undefined) continue;
    if (a !== undefined && b !== undefined && equalBytes(a.digest, b.digest)) continue;
    open.push(await openPair(a, b));
    above.push(name);
  }
}

export interface Step {
  readonly before?: Entry;
  readonly after?: Entry;
}

/**
 * Takes the next name that one of the two directories has, or both; skips nodes that both have.
 *
 * A node that starts with a smaller name than the other side's item has no equal there any more: all that is left there
 * starts later. So reading it loses nothing, while a node that starts later must wait, for its equal may still come.
 */
export async function nextStep({ before, after }: Pair): Promise<Step | undefined> {
  for (;;) {
    const a = before?.item;
    const b = after?.item;
    if (a === undefined && b === undefined) return undefined;
    const order = a === undefined ? 1 : b === undefined ? -1 : compareBytes(a.name, b.name);
    if (order === 0 && a?.kind === 'subtree' && b?.kind === 'subtree') {
      if (equalBytes(a.tree.digest, b.tree.digest)) {
        before!.advance();
        after!.advance();
      } else if (a.level >= b.level) {
        // The lower of two waits: it may stand as it is below the higher one.
        await before!.enter(a);
      } else {
        await after!.enter(b);
      }
    } else if (order <= 0 && a?.kind === 'subtree') {
      await before!.enter(a);
    } else if (order >= 0 && b?.kind === 'subtree') {
      await after!.enter(b);
    } else {
      if (order <= 0) before!.advance();
      if (order >= 0) after!.advance();
      return {
        ...(order <= 0 && { before: a as Entry }),
        ...(order >= 0 && { after: b as Entry }),
      };
    }
  }
}

function changeAt(path: Path, { before, after }: Step): Change | undefined {
  if (before === undefined) return after && { kind: 'added', path, after };
  if (after === undefined) return { kind: 'removed', path, before };
  return equalEntries(before, after) ? undefined : { kind: 'changed', path, before, after };
}

function treeOf(entry: Entry | undefined): TreeRef | undefined {
  return entry?.kind === 'directory' ? entry.tree : undefined;
}

/** Apart from their names and times, and of directories apart from what they hold. */
export function equalEntries(a: Entry, b: Entry): boolean {
  if (a.mode !== b.mode) return false;
  switch (a.kind) {
    case 'file':
      return b.kind === 'file' && a.size === b.size && equalContents(a.content, b.content);
    case 'symlink':
      return b.kind === 'symlink' && equalBytes(a.target, b.target);
    case 'directory':
    case 'whiteout':
      return a.kind === b.kind;
    default:
      return unreachable(a);
  }
}

function equalContents(a: Content, b: Content): boolean {
  return a.form === 'inline'
    ? b.form === 'inline' && equalBytes(a.extents, b.extents)
    : b.form === 'listed' && equalBytes(a.list, b.list);
}
