/** What a restore would do, found out before a byte is written; and the tree is checked to its last node on the way. */

import { accessSync, constants, fstatSync } from 'node:fs';

import { EMPTY, StrataError } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import type { FileEntry, Path, SymlinkEntry } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { isPresent } from './compare.ts';
import { cutBuffer } from './cut-file.ts';
import { descend } from './descend.ts';
import type { Selection, Work } from './descend.ts';
import { writeError } from './failure.ts';
import type { OffLimits } from './off-limits.ts';
import type { Pace } from './pace.ts';
import type { Scheduler } from './scheduler.ts';
import { Shadow } from './shadow.ts';
import { Tallying, tallyDetails, tallyText } from './tally.ts';
import type { Tally } from './tally.ts';

/** What becomes of the entries of a tree: each is in one of the three. */
export interface Plan {
  readonly added: Tally;
  readonly replaced: Tally;
  /** Files and links that are there already, exactly, and directories that are merged. */
  readonly unchanged: number;
}

export interface SurveyOptions {
  /** Look into files, to tell those that need not be replaced; else all that is there counts as replaced. */
  readonly exact: boolean;
  /** What is there and not equal, apart from its time, is a conflict. */
  readonly mustBeEqual?: boolean | undefined;
  /** Takes all that has to be written: every directory, and the files and links that are not there already. */
  readonly scheduler: Scheduler | undefined;
  readonly offLimits: OffLimits;
  readonly pace: Pace;
}

/**
 * @param target an open directory, undefined if there is none yet
 * @throws conflict with all paths where a directory meets something else
 * @throws refused with all directories that we may not write to
 */
export async function survey(
  selection: Selection & { readonly source: ContentSource },
  target: number | undefined,
  { exact, mustBeEqual = false, offLimits, pace, scheduler }: SurveyOptions,
): Promise<Plan> {
  using shadow = new Shadow(target);
  const added = new Tallying();
  const replaced = new Tallying();
  const conflicts = new Tallying();
  const locked = new Tallying();
  const differing = new Tallying();
  let unchanged = 0;
  const buffer = exact ? cutBuffer() : EMPTY;

  const checkWritable = (path: Path) => {
    if (shadow.fd !== undefined && (offLimits.has(shadow.fd) || !isWritable(shadow.fd))) locked.add(path);
  };

  const schedule = (entry: FileEntry | SymlinkEntry, path: Path): Work =>
    entry.kind === 'symlink' ? scheduler?.link(entry) : scheduler?.file(entry, path, selection.signal);

  const replace = async (entry: FileEntry | SymlinkEntry, path: Path): Promise<void> => {
    const directory = exact ? shadow.fd : undefined;
    if (
      directory !== undefined &&
      (await isPresent(selection.source, directory, entry, buffer, pace, mustBeEqual))
    ) {
      unchanged++;
      return;
    }
    if (mustBeEqual) differing.add(path);
    else replaced.add(path);
    await schedule(entry, path);
  };

  checkWritable([]);
  await descend(
    selection,
    {
      enter(entry, path) {
        const stands = shadow.standing(entry);
        if (stands === 'conflict') conflicts.add(path);
        if (stands === 'absent') added.add(path);
        else unchanged++;
        try {
          shadow.enter(entry.name, stands);
        } catch (error) {
          throw withPath(writeError(error, 'look into a directory of the target'), path);
        }
        if (stands === 'directory') checkWritable(path);
        return scheduler?.enter(entry);
      },
      leave() {
        shadow.leave();
        scheduler?.leave();
      },
      leaf(entry, path) {
        const stands = shadow.standing(entry);
        if (stands === 'replaceable') return replace(entry, path);
        if (stands === 'absent') added.add(path);
        else conflicts.add(path);
        return schedule(entry, path);
      },
    },
    pace,
  );
  throwIfDifferent(conflicts, differing, mustBeEqual);
  throwIfConflict(conflicts);
  throwIfLocked(locked);
  return { added, replaced, unchanged };
}

/** Ours can be made writable for the time of the restore. */
function isWritable(directory: number): boolean {
  if (fstatSync(directory).uid === process.geteuid?.()) return true;
  try {
    accessSync(`/proc/self/fd/${directory}`, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function throwIfDifferent(conflicts: Tallying, differing: Tallying, mustBeEqual: boolean): void {
  if (!mustBeEqual || conflicts.count + differing.count === 0) return;
  const paths = [...tallyDetails(conflicts).paths, ...tallyDetails(differing).paths];
  const first = differing.count > 0 ? differing : conflicts;
  throw new StrataError('conflict', `something else is already on disk at ${tallyText(first)}`, {
    hint: 'Nothing was changed. Restore to another directory, or before anything is written there.',
    details: { count: conflicts.count + differing.count, paths },
  });
}

function throwIfConflict(conflicts: Tallying): void {
  if (conflicts.count === 0) return;
  throw new StrataError('conflict', `a directory stands against something else at ${tallyText(conflicts)}`, {
    hint: 'Nothing was changed. Move what is there away, or restore to another directory.',
    details: tallyDetails(conflicts),
  });
}

function throwIfLocked(locked: Tallying): void {
  if (locked.count === 0) return;
  throw new StrataError('refused', `you may not write to ${tallyText(locked)} of the target`, {
    hint: 'Nothing was changed. Choose a directory of yours.',
    details: tallyDetails(locked),
  });
}
