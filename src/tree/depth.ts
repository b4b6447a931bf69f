/** Whether a tree can stand deeper than it did. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { TreeRef } from './entry.ts';
import { MAX_DEPTH } from './limits.ts';
import type { NodeSource } from './node.ts';
import { pages } from './read.ts';

/**
 * Reads next to nothing of any honest tree: a directory that holds n others is not deeper than n.
 *
 * @param above names that will stand before its paths
 * @throws bad_input if a path would have more than `MAX_DEPTH` names
 * @throws integrity, cancelled
 */
export async function checkDepth(
  source: NodeSource,
  tree: TreeRef,
  above: number,
  options: Cancellable,
): Promise<void> {
  const waiting = [{ tree, above }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { files, symlinks, directories } = next.tree.summary;
    if (next.above >= MAX_DEPTH && files + symlinks + directories > 0)
      throw new StrataError('bad_input', `a path would have more than ${MAX_DEPTH} names`, {
        hint: 'Put it less deep, or save less deep directories.',
      });
    // All directories in one line, and something in the last.
    if (next.above + directories + 1 <= MAX_DEPTH) continue;
    for await (const page of pages(source, next.tree, options))
      for (const entry of page)
        if (entry.kind === 'directory') waiting.push({ tree: entry.tree, above: next.above + 1 });
  }
}
