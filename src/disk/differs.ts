/** Whether a directory on disk is still as a tree says, without a restore or a save. */

import { closeSync, fstatSync } from 'node:fs';

import { errno, isStrataError, systemError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Root } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { PERMISSION_BITS, openDirectoryAt } from './at.ts';
import { Comparison } from './compare.ts';
import { descend } from './descend.ts';
import { KnownFiles } from './known-files.ts';
import { OffLimits } from './off-limits.ts';
import { Pace } from './pace.ts';
import { Shadow } from './shadow.ts';
import { openSource } from './source.ts';
import { OUT_OF_RESOURCES } from './verdicts.ts';

export interface DiffersOptions extends Cancellable {
  /** What is remembered of the directory, as a `StatMemory` has it: files that look as they did are not read. */
  readonly known?: Uint8Array | undefined;
  /** Directories of the store: what is in them, or in their place, does not count. */
  readonly offLimits?: readonly string[] | undefined;
}

/**
 * Whether anything in a directory is not as in a tree: names, kinds, modes (the directory's own too), link targets, content. What a save would
 * leave out counts as well: a FIFO is a difference. Times do not count. Nothing is changed.
 *
 * Where it cannot tell it says true: for what cannot be read, or changes meanwhile. Files that are not known are read, and those whose
 * size, inode and times are as they are known are taken for what they were, as by a save.
 *
 * @throws not_found, bad_input if there is no such directory; integrity of the source, or of what is remembered; cancelled
 */
export async function differsFromTree(
  source: ContentSource,
  root: Root,
  directory: string,
  options: DiffersOptions = {},
): Promise<boolean> {
  const offLimits = new OffLimits(options.offLimits);
  const fd = openSource(directory, offLimits);
  try {
    return await differs(source, root, fd, offLimits, options);
  } catch (error) {
    throw systemError(error, `compare ${directory}`);
  } finally {
    closeSync(fd);
  }
}

async function differs(
  source: ContentSource,
  root: Root,
  fd: number,
  offLimits: OffLimits,
  { known: records, signal }: DiffersOptions,
): Promise<boolean> {
  const pace = new Pace({ signal });
  const known = records && new KnownFiles(records);
  const comparison = new Comparison({ source, pace, anyTime: true, known });
  using shadow = new Shadow(fd, { allBut: [] });
  let found = modeOf(fd) !== root.mode;
  const checkForeign = (): void => {
    if (!shadow.hasForeign) return;
    for (const name of shadow.foreign()) found ||= !isOffLimits(shadow.fd!, name, offLimits);
  };
  try {
    await descend(
      { source, tree: root.tree, signal },
      {
        isDone: () => found,
        enter(entry, path) {
          const stands = shadow.standing(entry, path);
          shadow.enter(entry.name, stands);
          known?.enter(entry.name);
          found = stands !== 'directory' || modeOf(shadow.fd!) !== entry.mode || offLimits.has(shadow.fd!);
          return undefined;
        },
        leave() {
          checkForeign();
          known?.leave();
          shadow.leave();
          return undefined;
        },
        leaf(entry, path) {
          if (shadow.standing(entry, path) === 'replaceable')
            return comparison.find(shadow.fd!, entry).then((stats) => void (found = stats === undefined));
          found = true;
          return undefined;
        },
      },
      pace,
    );
    if (!found) checkForeign();
    return found;
  } catch (error) {
    if (isInDoubt(error)) return true;
    throw error;
  }
}

function modeOf(fd: number): number {
  return fstatSync(fd).mode & PERMISSION_BITS;
}

function isOffLimits(directory: number, name: Buffer, offLimits: OffLimits): boolean {
  let fd: number;
  try {
    fd = openDirectoryAt(directory, name);
  } catch {
    return false;
  }
  try {
    return offLimits.has(fd);
  } finally {
    closeSync(fd);
  }
}

/** The system refuses a look, or what was looked at has become something else. */
function isInDoubt(error: unknown): boolean {
  return (
    isStrataError(error, 'conflict') ||
    isStrataError(error, 'file_changed') ||
    !OUT_OF_RESOURCES.has(errno(error))
  );
}
