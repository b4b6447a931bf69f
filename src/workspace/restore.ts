/** A snapshot becomes a directory. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { RestoreAhead, restoreTree } from '../disk/index.ts';
import type { Progress } from '../disk/index.ts';
import { parsePath } from '../tree/index.ts';
import { sizeOf } from './catalog.ts';
import { pinTrees } from './find.ts';
import { parseRef } from './name.ts';
import type { RestoreResult } from './results.ts';
import { openStatMemory } from './stat-memory.ts';
import type { Query, WorkspaceWorld } from './world.ts';

export interface RestoreOptions extends Cancellable {
  /** Restores this path only, at the same place below the target. */
  readonly path?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Go ahead in a directory that is not empty: differing files are replaced, foreign ones stay. */
  readonly overwrite?: boolean | undefined;
  /** Go ahead there too, and remove what is not in the snapshot: files, links, directories, anything. Not with `path`. */
  readonly exact?: boolean | undefined;
  /**
   * Believe what is remembered of the directory, as a save does: a file that looks as it did at the last save of it, or restore to it, is not
   * read to be compared.
   */
  readonly byLooks?: boolean | undefined;
  /** Make the files durable before returning. */
  readonly sync?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Begins with what a restore needs no store for.
 *
 * @param tenant its id in the region that is restored from, in hex
 * @returns undefined if there is nothing of the kind; whether there is such a snapshot the restore will tell
 */
export async function prepareRestore(
  query: Query,
  tenant: string,
  ref: string,
  directory: string,
  { path, dryRun = false }: Pick<RestoreOptions, 'path' | 'dryRun'>,
): Promise<RestoreAhead | undefined> {
  const wanted = parseRef(ref);
  if (path !== undefined || wanted.path !== undefined || dryRun) return undefined;
  const size = await sizeOf(query, tenant, wanted);
  return size && RestoreAhead.to(directory, size);
}

/** @throws as `restoreTree`; workspace_not_found, snapshot_not_found; then nothing is changed in the target */
export async function restoreSnapshot(
  world: WorkspaceWorld,
  ref: string,
  directory: string,
  options: RestoreOptions = {},
  ahead?: RestoreAhead,
): Promise<RestoreResult> {
  const { clock, random, offLimits, log } = world;
  const { path, exact = false, byLooks = false, overwrite, ...rest } = options;
  if (exact && path !== undefined)
    throw new StrataError('bad_input', 'a path is restored beside what else is there, so not exactly', {
      hint: 'Restore the whole snapshot exactly, or the path to a directory of its own.',
    });
  const started = clock();
  await using pin = await pinTrees(world, [ref], options);
  const [wanted] = pin.found;
  if (wanted.path !== undefined)
    throw new StrataError('bad_input', `${JSON.stringify(ref)} names a path; a whole tree is wanted here`, {
      hint: 'To restore a part of a snapshot, name it with --path.',
    });
  const { workspace, snapshot } = wanted;
  log?.(`restoring ${wanted.label}`);
  const { root, source } = await wanted.open(await pin.source());
  const digest = toHex(root.tree.digest);
  const only = path === undefined ? undefined : parsePath(path);
  using memory = await openStatMemory(world, directory, pin.epoch, byLooks);
  const memories = { known: memory?.records, remember: memory?.write };
  const overwriting = exact ? ('exact' as const) : overwrite;
  const place = { ...rest, only, overwrite: overwriting, random, offLimits, ahead, ...memories };
  const { plan, summary, remembered } = await restoreTree(source, root, directory, place);
  log?.(options.dryRun === true ? `${directory} compared` : `${directory} written`);
  if (remembered) memory?.commit();
  return {
    workspace,
    snapshot,
    digest,
    files: summary.files,
    dirs: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    seconds: (clock() - started) / 1000,
    plan,
  };
}
