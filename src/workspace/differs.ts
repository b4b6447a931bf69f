/** Whether a directory has anything that is not as in a snapshot. */

import type { Cancellable } from '../base/index.ts';
import { differsFromTree } from '../disk/index.ts';
import { findRoot, pinTrees } from './find.ts';
import { openStatMemory } from './stat-memory.ts';
import type { WorkspaceWorld } from './world.ts';

/**
 * Names, kinds, modes, link targets and content count, times do not. What a save would leave out is a difference too, and so is what it cannot
 * tell; never is there one where it says that there is none. But as by a save, a file is taken for what it was when it was last saved or
 * restored here, if size, inode, time of content and time of change are as they were. Nothing is stored.
 *
 * @param ref `NAME[@SNAPSHOT][:PATH]`
 * @throws as `differsFromTree`; workspace_not_found, snapshot_not_found, path_not_found
 */
export async function differsFromSnapshot(
  world: WorkspaceWorld,
  directory: string,
  ref: string,
  options: Cancellable = {},
): Promise<boolean> {
  await using pin = await pinTrees(world, [ref], options);
  const { root, source } = await findRoot(pin, pin.found[0]);
  using memory = await openStatMemory(world, directory, pin.epoch);
  const { offLimits } = world;
  // Awaited here: the pin is given up when this function returns.
  return await differsFromTree(source, root, directory, { known: memory?.records, offLimits, ...options });
}
