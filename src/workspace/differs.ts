import { differsFromTree } from '../disk/index.ts';
import type { Cancellable } from '../base/index.ts';
import { pinTrees } from './find.ts';
import type { WorkspaceWorld } from './world.ts';
export async function differs(
  world: WorkspaceWorld,
  directory: string,
  ref: string,
  options: Cancellable = {},
): Promise<boolean> {
  await using pin = await pinTrees(world, [ref], options);
  const { root, source } = await pin.found[0].open(await pin.source());
  return differsFromTree(source, root, directory, { ...options, offLimits: world.offLimits } as never);
}
