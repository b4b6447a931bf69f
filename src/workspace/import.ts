/** A tar archive becomes the next snapshot of a workspace, without touching the disk. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { Archive } from '../archive/index.ts';
import type { ArchiveProgress } from '../archive/index.ts';
import { leavingOut, warnings } from '../disk/index.ts';
import { begin, complete } from './complete.ts';
import { checkName } from './name.ts';
import type { SaveResult } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

export interface ImportOptions extends Cancellable {
  readonly workspace: string;
  readonly message?: string | undefined;
  /** Is told of the bytes of the archive. */
  readonly onProgress?: ((progress: ArchiveProgress) => void) | undefined;
}

/**
 * Finds what is wrong with an import before there is a world to save to.
 *
 * @param parts of the archive
 * @throws bad_input if that is no name, or no tar archive; whatever the parts throw
 */
export async function prepareImport(
  parts: AsyncIterable<Uint8Array>,
  { workspace }: ImportOptions,
): Promise<Archive> {
  checkName(workspace);
  return Archive.open(parts);
}

/** @throws as `Archive.read`; disk_full, unavailable, … of the store; then nothing is visible of the import */
export async function importArchive(
  world: WorkspaceWorld,
  archive: Archive,
  { workspace, message, signal, onProgress }: ImportOptions,
): Promise<SaveResult> {
  const started = world.clock();
  const leftOut = leavingOut();
  await using save = await begin(world, workspace, { signal });
  const root = await archive.read(save.writer, {
    signal,
    onProgress,
    onLoss: (loss, path) => leftOut[loss].add(path),
  });
  world.log?.(`archive read, its tree has the digest ${toHex(root.tree.digest)}`);
  const told = { leftOut, skipped: { count: 0, paths: [] }, warnings: warnings(leftOut) };
  // Awaited here: the save is given up when this function returns.
  return await complete(world, save, workspace, { ...told, root, started, message, signal });
}
