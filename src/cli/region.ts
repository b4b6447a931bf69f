/** `--region`: which of the stores in the configuration. */

import type { Command } from 'commander';

import { nonEmpty } from './argument.ts';

/** For what may make a workspace. */
export const NEW_REGION = 'where a new workspace is to live (default: in the store of `storage`)';

export interface RegionFlags {
  readonly region?: string;
}

/** For what is about one store. */
export function addRegion(
  command: Command,
  what = 'the store of a region (default: the one of `storage`)',
): Command {
  return command.option('--region <region>', what, nonEmpty);
}

/** For what can also be done with a replica. */
export function addReplicaRegion(command: Command): Command {
  return addRegion(command, 'the replica in a region (default: the workspace where it lives)');
}
