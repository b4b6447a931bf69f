/** A tree of a workspace becomes the files of a task. */

import { concatBytes } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { restoreTree } from '../disk/index.ts';
import type { Below } from '../disk/index.ts';
import type { ReadableTree } from './merged.ts';
import type { WorkspaceWorld } from './world.ts';

export interface RestoredTree {
  readonly files: number;
  readonly bytes: number;
  /** What a save of the directory may remember; undefined: nothing. */
  readonly records: Uint8Array | undefined;
}

/**
 * What is there already and equal stays; what differs is a conflict, and then nothing is written.
 *
 * @throws as `restoreTree`
 */
export async function restoreWorkspaceTree(
  { random }: WorkspaceWorld,
  { root, source }: ReadableTree,
  target: Below,
  { signal, overwrite = 'equal' }: Cancellable & { readonly overwrite?: boolean | 'equal' },
): Promise<RestoredTree> {
  const parts: Uint8Array[] = [];
  const { summary, remembered } = await restoreTree(source, root, target.place, {
    overwrite,
    random,
    signal,
    remember: (part) => void parts.push(Uint8Array.from(part)),
  });
  return {
    files: summary.files,
    bytes: summary.bytes,
    records: remembered ? concatBytes(parts) : undefined,
  };
}
