/** A tree becomes a directory on disk: looked at first, written where nobody sees it, then put in its place. */

import { StrataError, systemRandom } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import type { Path, Root, Summary } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { restoreBeside } from './beside.ts';
import { handsFor } from './crew.ts';
import type { Crew } from './crew.ts';
import { ExactRestore } from './exact-restore.ts';
import { writeError } from './failure.ts';
import { restoreInside } from './inside.ts';
import { summaryOf } from './descend.ts';
import { OffLimits } from './off-limits.ts';
import { Pace } from './pace.ts';
import type { PaceOptions } from './pace.ts';
import type { RestoreAhead } from './restore-ahead.ts';
import { checkRoom } from './room.ts';
import { prepareStage } from './stage.ts';
import { restoreId } from './staging.ts';
import type { Plan } from './survey.ts';
import { openTarget } from './target.ts';
import { ThreadedRuns } from './threaded-runs.ts';

export interface RestoreOptions extends PaceOptions {
  /**
   * Restore into a directory that is not empty: what it has beside the tree stays. `equal`: nothing is replaced; what differs by more than
   * its time is a conflict. `exact`: what it has beside the tree goes, whatever it is.
   */
  readonly overwrite?: boolean | 'equal' | 'exact' | undefined;
  /** Return only when everything would survive a power cut. */
  readonly sync?: boolean | undefined;
  /** Only this path, at its place in the target, and the directories on the way to it. */
  readonly only?: Path | undefined;
  /** Find out what would be done, and do nothing. */
  readonly dryRun?: boolean | undefined;
  readonly random?: Random | undefined;
  /** Directories that are refused as targets, like all below them, and stay as they are below a target. */
  readonly offLimits?: readonly string[] | undefined;
  /**
   * What is remembered of the target: a file that looks as it did then is not read to be compared, as a save does not read it. By default each
   * file is read that could be equal.
   */
  readonly known?: Uint8Array | undefined;
  /**
   * Takes what a save of the target may remember, if the target is new or empty, or becomes exactly the tree. Of no use before the restore has
   * returned.
   */
  readonly remember?: ((part: Uint8Array) => void) | undefined;
  /** By default threads write a tree of some size. */
  readonly crew?: Crew | undefined;
  /** Begun for the same target. Its threads end with the restore. */
  readonly ahead?: RestoreAhead | undefined;
}

export interface RestoreReport {
  /** What was done or, with `dryRun`, would be. */
  readonly plan: Plan;
  /** What is chosen of the tree, whether it had to be written or was there. */
  readonly summary: Summary;
  /** Whether `remember` was told all, and it is still true. */
  readonly remembered: boolean;
}

/**
 * Puts a tree on disk. A target that is new or empty appears by one rename; one that is not needs `overwrite`, and then each
 * file appears whole by a rename of its own. Until then nothing is changed, and an error leaves nothing behind. If the process
 * dies, the same restore run again completes the work and sweeps up; a target that was empty needs no `overwrite` for that.
 *
 * Exactly equal files are left alone; files and links replace each other; what else is in the target stays. Links in the
 * target are never followed.
 *
 * To make the target exactly the tree, whatever differs in kind is replaced too, and what the tree does not have is removed: when all else is
 * in its place, so that an error before leaves it there. Only if the disk is full, and would not be without it, it goes first. Directories that
 * are off limits stay, and those that they are in; what is mounted below the target is refused.
 *
 * @throws bad_input, target_not_empty, conflict (all paths), path_not_found, refused (also with all paths that cannot be removed);
 *   disk_full, read_only; integrity with the path: no wrong byte is ever in the target; cancelled
 */
export async function restoreTree(
  source: ContentSource,
  root: Root,
  target: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  try {
    return await restore(source, root, target, options);
  } catch (error) {
    throw writeError(error, `restore to ${target}`);
  }
}

async function restore(
  source: ContentSource,
  root: Root,
  target: string,
  given: RestoreOptions,
): Promise<RestoreReport> {
  const { overwrite = false, sync = false, dryRun = false, crew = {}, random = systemRandom } = given;
  const { only, signal, known, remember } = given;
  const exact = overwrite === 'exact';
  if (exact && only !== undefined && only.length > 0)
    throw new StrataError('bad_input', 'only a whole tree can be restored exactly, not a path in it', {
      hint: 'Restore the path to a directory of its own, or without removing what else is there.',
    });
  const pace = new Pace(given);
  await pace.pause();
  const offLimits = new OffLimits(given.offLimits);
  if (offLimits.covers(target)) {
    throw new StrataError('bad_input', `${target} belongs to the store that this is restored from`, {
      hint: 'Nothing was changed. Restore to another directory.',
    });
  }
  const place = openTarget(target);
  using existing = place.existing;
  const id = restoreId(root, only, exact);
  const resumes = existing?.leftovers.some(({ moving }) => moving === id) ?? false;
  if (existing?.empty === false && overwrite === false && !resumes)
    throw new StrataError('target_not_empty', `${target} is not empty`, {
      hint: 'Restore to a new directory, or into this one with --overwrite: what it has beside the tree stays. With --exact it goes.',
    });

  const selection = { source, tree: root.tree, only, signal };
  const summary = await summaryOf(selection);
  checkRoom(summary, place);
  // All of it will be written: threads can start while it is planned.
  const isNew = existing?.empty !== false && !resumes && !dryRun;
  if (isNew) pace.total = { files: summary.files, bytes: summary.bytes };
  const hands = handsFor(crew, summary);
  const isThreaded = isNew && source.blocks !== undefined && hands.threads > 0;
  await using ahead = isThreaded ? (given.ahead?.threads ?? new ThreadedRuns(hands, crew.module)) : undefined;
  const mustBeEqual = overwrite === 'equal';
  const isBeside = existing === undefined || (existing.empty && !resumes && existing.replaceable);
  const exactly = exact
    ? // What was told beside, in vain, would stand before what is told inside.
      new ExactRestore({ source, root, offLimits, sync, remember: isBeside ? undefined : remember })
    : undefined;
  const comparing = { mustBeEqual, exact, known, sightings: exactly?.sightings, offLimits };
  const options = { ...comparing, dryRun, summary, pace, sync, crew, ahead };
  const stage = await prepareStage(selection, existing?.fd, options);
  if (dryRun) return { plan: stage.plan, summary, remembered: false };

  const work = { root, stage, sync, random, remember };
  let done: Plan | undefined;
  if (isBeside) done = await restoreBeside(work, place);
  const remembered = remember !== undefined && (done !== undefined || (exact && !isBeside));
  if (done === undefined && existing !== undefined)
    done = await restoreInside(work, existing, id, resumes, exactly);
  if (done === undefined)
    throw new StrataError('internal', 'a new directory can only be restored beside its place');
  pace.report();
  return { plan: done, summary, remembered };
}
