/** A snapshot, or a directory in it, becomes a tar archive. */

import { toHex } from '../base/index.ts';
import { writeArchive } from '../archive/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Progress } from '../disk/index.ts';
import { fileContent } from './file-content.ts';
import { findRoot, pinTrees } from './find.ts';
import type { ExportResult } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

export interface ExportOptions extends Cancellable {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Each byte is verified before it is given out. An archive that was not written to its end has no end mark.
 *
 * @param ref `NAME[@SNAPSHOT][:PATH]`, the path a directory
 * @param write takes the archive part by part, and may keep them; false: nobody reads any more, and no more is given
 * @throws bad_input, workspace_not_found, snapshot_not_found, path_not_found, integrity with the path, cancelled
 */
export async function exportArchive(
  world: WorkspaceWorld,
  ref: string,
  write: (part: Uint8Array) => Promise<boolean>,
  options: ExportOptions = {},
): Promise<ExportResult> {
  const { clock } = world;
  const { signal, onProgress } = options;
  const started = clock();
  await using pin = await pinTrees(world, [ref], { signal });
  const { workspace, snapshot, root, source } = await findRoot(pin, pin.found[0]);
  const { summary, digest } = root.tree;
  const total = { files: summary.files, bytes: summary.bytes };
  let archiveBytes = 0;
  const parts = writeArchive(source, (file) => fileContent(source, file, { signal }), root, {
    signal,
    onProgress: onProgress && (({ files, bytes }) => onProgress({ files, bytes, total })),
  });
  for await (const part of parts) {
    archiveBytes += part.length;
    if (!(await write(part))) break;
  }
  return {
    workspace,
    snapshot,
    digest: toHex(digest),
    files: summary.files,
    dirs: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    archiveBytes,
    seconds: (clock() - started) / 1000,
  };
}
