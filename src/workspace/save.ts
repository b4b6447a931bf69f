/** A directory becomes the next snapshot of a workspace. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ScanAhead, scanDirectory } from '../disk/index.ts';
import type { Progress } from '../disk/index.ts';
import { sizeOf } from './catalog.ts';
import { begin, complete } from './complete.ts';
import type { CommitTerms } from './complete.ts';
import { checkName, defaultName } from './name.ts';
import type { SaveResult } from './results.ts';
import { openStatMemory, rememberedOf } from './stat-memory.ts';
import type { WorkspaceWorld } from './world.ts';

export interface SaveOptions extends Cancellable {
  /** Default: the name of the directory. */
  readonly workspace?: string | undefined;
  /** Globs against paths relative to the directory; `**` crosses directories, dotfiles match. */
  readonly exclude?: readonly string[] | undefined;
  readonly message?: string | undefined;
  /** Leave out what cannot be read, and say so, rather than refuse. */
  readonly skipUnreadable?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** For rooms above. */
  readonly commit?: CommitTerms | undefined;
}

/**
 * Finds what is wrong with a save before there is a world to save to, and begins with what needs none.
 *
 * @param cacheDirectory of the world that there will be
 * @throws bad_input, not_found, unreadable
 */
export async function prepareSave(
  directory: string,
  options: SaveOptions = {},
  cacheDirectory?: string,
): Promise<ScanAhead> {
  workspaceOf(directory, options);
  const { exclude } = options;
  return ScanAhead.of(directory, { exclude, remembered: rememberedOf(cacheDirectory, directory) });
}

/** @throws as `scanDirectory`; disk_full, unavailable, … of the store; then nothing is visible of the save */
export async function saveDirectory(
  world: WorkspaceWorld,
  directory: string,
  options: SaveOptions = {},
  ahead?: ScanAhead,
): Promise<SaveResult> {
  const name = workspaceOf(directory, options);
  const { vault, database, clock, offLimits } = world;
  const { signal, exclude, skipUnreadable, onProgress } = options;
  const started = clock();
  const warnings: string[] = [];
  await using save = await begin(world, name, { signal });
  // Only who watches is interested.
  const expected =
    onProgress && (await sizeOf(database.kysely, toHex(vault.id), { workspace: name, snapshot: undefined }));
  using memory = await openStatMemory(world, directory, save.epoch);
  const scan = await scanDirectory(directory, save.writer, {
    signal,
    exclude,
    skipUnreadable,
    onProgress,
    clock,
    offLimits,
    memory,
    expected,
    ahead,
    warn: (line) => warnings.push(line),
  });
  world.log?.(`${directory} read, its tree has the digest ${toHex(scan.root.tree.digest)}`);
  // Awaited here: the save is given up when this function returns.
  return await complete(world, save, name, {
    ...scan,
    started,
    message: options.message,
    commit: options.commit,
    warnings,
    signal,
    onCommit: () => memory?.commit(),
  });
}

/** The name of the workspace that a directory is saved to. @throws bad_input */
export function workspaceOf(directory: string, { workspace }: SaveOptions = {}): string {
  return workspace === undefined ? defaultName(directory) : checkName(workspace);
}
