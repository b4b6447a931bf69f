/** A snapshot becomes a directory. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { restoreTree } from '../disk/index.ts';
import type { Progress } from '../disk/index.ts';
import { parsePath } from '../tree/index.ts';
import { getSnapshot } from './catalog.ts';
import { parseWholeRef } from './name.ts';
import type { RestoreResult } from './results.ts';
import { openStatMemory } from './stat-memory.ts';
import type { WorkspaceWorld } from './world.ts';

export interface RestoreOptions extends Cancellable {
  /** Restores this path only, at the same place below the target. */
  readonly path?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Go ahead in a directory that is not empty: differing files are replaced, foreign ones stay. */
  readonly overwrite?: boolean | undefined;
  /** Make the files durable before returning. */
  readonly sync?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** @throws as `restoreTree`; workspace_not_found, snapshot_not_found; then nothing is changed in the target */
export async function restoreSnapshot(
  world: WorkspaceWorld,
  ref: string,
  directory: string,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { vault, clock, random, offLimits, log } = world;
  const { path, ...rest } = options;
  const started = clock();
  const wanted = parseWholeRef(ref, 'To restore a part of a snapshot, name it with --path.');
  await using pin = await vault.pin(async (query) => {
    const found = await getSnapshot(query, toHex(vault.id), wanted);
    return { found, roots: [found.row.root] };
  }, options);
  const { row, root } = pin.found;
  log?.(`restoring ${wanted.workspace}@${row.number}, its tree has the digest ${row.digest}`);
  const only = path === undefined ? undefined : parsePath(path);
  using memory =
    options.dryRun === true ? undefined : await openStatMemory(world, directory, pin.epoch, false);
  const remember = memory?.write;
  const place = { ...rest, only, random, offLimits, remember };
  const { plan, summary, remembered } = await restoreTree(await pin.source(), root, directory, place);
  log?.(options.dryRun === true ? `${directory} compared` : `${directory} written`);
  if (remembered) memory?.commit();
  return {
    workspace: wanted.workspace,
    snapshot: row.number,
    digest: row.digest,
    files: summary.files,
    dirs: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    seconds: (clock() - started) / 1000,
    plan,
  };
}
