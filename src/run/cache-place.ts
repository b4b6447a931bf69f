/** Where a cache is put: a directory of a task, which may have to be made for it. */

import { rmdirSync } from 'node:fs';

import { errno, isStrataError } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { Path } from '../tree/index.ts';
import { restoreWorkspaceTree } from '../workspace/index.ts';
import type { ReadableTree, RestoredTree } from '../workspace/index.ts';
import type { StepContext } from './attempt.ts';

/** Over what is there. After an error that is as it was: not even a directory that was made on the way is left. @throws as `restoreTree` */
export async function putCache(
  { world, place, signal }: Pick<StepContext, 'world' | 'place' | 'signal'>,
  names: Path,
  tree: ReadableTree,
): Promise<RestoredTree> {
  const own = place.directory;
  const there = depthThatIsThere(own, names);
  using target = Below.open(own, names, { make: true });
  try {
    return await restoreWorkspaceTree(world, tree, target, { signal, overwrite: true });
  } catch (error) {
    for (let depth = names.length; depth > there; depth--) removeEmpty(own, names.slice(0, depth));
    throw error;
  }
}

/** How many names one after another lead to a directory. */
function depthThatIsThere(own: string, names: Path): number {
  for (let depth = names.length; depth > 0; depth--) {
    try {
      Below.open(own, names.slice(0, depth))[Symbol.dispose]();
      return depth;
    } catch (error) {
      if (!isStrataError(error, 'path_not_found')) throw error;
    }
  }
  return 0;
}

function removeEmpty(own: string, names: Path): void {
  using above = Below.open(own, names.slice(0, -1));
  try {
    rmdirSync(Buffer.concat([Buffer.from(`${above.path}/`), names.at(-1)!]));
  } catch (error) {
    // A process of the task has put something in it, or has taken it away.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(errno(error) ?? '')) throw error;
  }
}
