/** A directory becomes the next snapshot of a workspace. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ScanAhead, scanDirectory } from '../disk/index.ts';
import type { LeftOut as Scanned, LeftOutReason, Progress } from '../disk/index.ts';
import { findWorkspace, latestSize } from './catalog.ts';
import { addSnapshot, checkNothingUnknown, createWorkspace, publishHeads } from './commit.ts';
import { checkName, defaultName } from './name.ts';
import type { LeftOut, SaveResult } from './results.ts';
import { isRemembered, openStatMemory } from './stat-memory.ts';
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
  nameOf(directory, options);
  const { exclude } = options;
  return ScanAhead.of(directory, { exclude, isKnown: isRemembered(cacheDirectory, directory) });
}

/** @throws as `scanDirectory`; disk_full, unavailable, … of the store; then nothing is visible of the save */
export async function saveDirectory(
  world: WorkspaceWorld,
  directory: string,
  options: SaveOptions = {},
  ahead?: ScanAhead,
): Promise<SaveResult> {
  const name = nameOf(directory, options);
  const { vault, database, clock, offLimits } = world;
  const { signal, exclude, skipUnreadable, onProgress } = options;
  const started = clock();
  const warnings: string[] = [];
  await using save = await vault.beginSave({ signal });
  await publishHeads(world, name);
  await checkNothingUnknown(world, name);
  // Only who watches is interested.
  const expected = onProgress && (await latestSize(database.kysely, toHex(vault.id), name));
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
  const { newBytes, storedBytes } = await save.finish();
  const { root } = scan;
  const snapshot = await database.transaction(
    async (tx) => {
      await save.commit(tx);
      const workspace =
        (await findWorkspace(tx, toHex(vault.id), name)) ?? (await createWorkspace(tx, world, name));
      const message = options.message ?? '';
      return addSnapshot(tx, world, workspace, 'save', { root, newBytes, storedBytes, message });
    },
    { signal },
  );
  memory?.commit();
  try {
    // Durable already, but only the published head makes it so without the database.
    await publishHeads(world, name);
  } catch (error) {
    throw unpublished(error, `${name}@${snapshot.number}`);
  }
  const { summary } = root.tree;
  return {
    workspace: name,
    snapshot: snapshot.number,
    digest: snapshot.digest,
    files: summary.files,
    dirs: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    newBytes,
    storedBytes,
    seconds: (clock() - started) / 1000,
    leftOut: leftOut(scan.leftOut),
    skipped: scan.skipped,
    warnings,
  };
}

function nameOf(directory: string, { workspace }: SaveOptions): string {
  return workspace === undefined ? defaultName(directory) : checkName(workspace);
}

/** Other hints say that nothing was half done. */
function unpublished(error: unknown, snapshot: string): unknown {
  if (!isStrataError(error)) return error;
  return new StrataError(
    error.code,
    `${snapshot} is saved, but the store does not tell of it yet: ${error.message}`,
    {
      hint: 'It can be restored as long as the database lives; the next save of the workspace completes it.',
      details: error.details,
      cause: error,
    },
  );
}

function leftOut(scanned: Scanned): LeftOut[] {
  return Object.entries(scanned)
    .filter(([, { count }]) => count > 0)
    .map(([what, { count, paths }]) => ({ what: what as LeftOutReason, count, paths }));
}
