/** What a restore would do, found out before a byte is written; and the tree is checked to its last node on the way. */

import { withPath } from '../tree/index.ts';
import type { FileEntry, Path, SymlinkEntry } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { Comparison } from './compare.ts';
import { descend } from './descend.ts';
import type { Selection, Work } from './descend.ts';
import { writeError } from './failure.ts';
import { Foreign } from './foreign.ts';
import { KnownFiles } from './known-files.ts';
import { isWritable } from './looks.ts';
import { elsewhere } from './mount-check.ts';
import { Obstacles } from './obstacles.ts';
import type { OffLimits } from './off-limits.ts';
import type { Pace } from './pace.ts';
import type { Scheduler } from './scheduler.ts';
import { Shadow } from './shadow.ts';
import type { Sightings } from './sightings.ts';
import { findStagings } from './staging.ts';
import { Tallying } from './tally.ts';
import type { Tally } from './tally.ts';

/** What becomes of a target. Each entry of the tree is added, replaced or unchanged. */
export interface Plan {
  readonly added: Tally;
  readonly replaced: Tally;
  /**
   * What the target has and the tree has not, where that goes: files, links, directories, anything; also what is in a directory that a file
   * or link replaces. A directory comes before what is in it.
   */
  readonly removed: Tally;
  /** Files and links that are there already, exactly, and directories that are merged. */
  readonly unchanged: number;
}

/** Bytes that a plan is about. */
export interface PlanRoom {
  /** That will be written, holes counted. */
  readonly needed: number;
  /** On the disk, of what can be removed before anything is written. */
  readonly freed: number;
}

export interface SurveyOptions {
  /** Look into files, to tell those that need not be replaced; else all that is there counts as replaced. */
  readonly compares: boolean;
  /** What is there and not equal, apart from its time, is a conflict. */
  readonly mustBeEqual?: boolean | undefined;
  /** What the tree does not have will be removed, also to make place for what it has. */
  readonly exact?: boolean | undefined;
  /** What is remembered of the target: files that look as they did are believed to be as they were. */
  readonly known?: Uint8Array | undefined;
  /** Is told of each file. */
  readonly sightings?: Sightings | undefined;
  /** Takes all that has to be written: every directory, and the files and links that are not there already. */
  readonly scheduler: Scheduler | undefined;
  readonly offLimits: OffLimits;
  readonly pace: Pace;
}

/** Files take whole blocks. Bytes. */
const BLOCK = 4096;

/**
 * @param target an open directory, undefined if there is none yet
 * @throws conflict with all paths where a directory meets something else
 * @throws refused with all directories that we may not write to; or with all that cannot be removed
 */
export async function survey(
  selection: Selection & { readonly source: ContentSource },
  target: number | undefined,
  options: SurveyOptions,
): Promise<{ readonly plan: Plan; readonly room: PlanRoom }> {
  const { compares, mustBeEqual = false, exact = false, offLimits, pace, scheduler, sightings } = options;
  using shadow = new Shadow(target, exact && target !== undefined ? allButStagings(target) : undefined);
  const added = new Tallying();
  const replaced = new Tallying();
  const obstacles = new Obstacles();
  const foreign = new Foreign({ offLimits, pace, removes: false });
  const known = options.known && new KnownFiles(options.known);
  const comparison = compares
    ? new Comparison({ source: selection.source, pace, anyTime: mustBeEqual, known })
    : undefined;
  let unchanged = 0;
  let needed = 0;
  /** Bytes of what goes only when what takes its place is there. */
  let displaced = 0;
  sightings?.begin();

  const checkWritable = (path: Path) => {
    if (shadow.fd !== undefined && (offLimits.has(shadow.fd) || !isWritable(shadow.fd)))
      obstacles.locked.add(path);
  };

  const schedule = (entry: FileEntry | SymlinkEntry, path: Path): Work => {
    if (entry.kind === 'symlink') return scheduler?.link(entry);
    needed += Math.ceil(entry.size / BLOCK) * BLOCK;
    sightings?.see(undefined);
    return scheduler?.file(entry, path, selection.signal);
  };

  const replace = async (entry: FileEntry | SymlinkEntry, path: Path): Promise<void> => {
    const found = shadow.fd === undefined ? undefined : await comparison?.find(shadow.fd, entry);
    if (found !== undefined) {
      if (entry.kind === 'file') sightings?.see(found);
      unchanged++;
      return;
    }
    if (mustBeEqual) obstacles.differing.add(path);
    else replaced.add(path);
    await schedule(entry, path);
  };

  /** Something of another kind makes place. */
  const displace = async (entry: FileEntry | SymlinkEntry, path: Path): Promise<void> => {
    replaced.add(path);
    const before = foreign.bytes;
    if (shadow.fd !== undefined) await foreign.displace(shadow.fd, Buffer.from(entry.name), path);
    displaced += foreign.bytes - before;
    await schedule(entry, path);
  };

  const countForeign = async (path: Path): Promise<void> => {
    for (const name of shadow.foreign()) await foreign.visit(shadow.fd!, name, [...path, name]);
  };

  const isElsewhere = target === undefined ? undefined : elsewhere(target);
  const checkMount = (path: Path) => {
    if (shadow.fd !== undefined && isElsewhere?.(shadow.fd) === true) obstacles.mounted.add(path);
  };

  checkWritable([]);
  await descend(
    selection,
    {
      enter(entry, path) {
        const stands = shadow.standing(entry, path);
        known?.enter(entry.name);
        if (stands === 'absent') added.add(path);
        else if (stands === 'directory') unchanged++;
        else if (exact) replaced.add(path);
        else obstacles.conflicts.add(path);
        try {
          shadow.enter(entry.name, stands);
        } catch (error) {
          throw withPath(writeError(error, 'look into a directory of the target'), path);
        }
        if (stands === 'directory') {
          checkWritable(path);
          checkMount(path);
        }
        return scheduler?.enter(entry);
      },
      leave(_, path) {
        known?.leave();
        scheduler?.leave();
        if (!shadow.hasForeign) return void shadow.leave();
        return countForeign(path).then(() => shadow.leave());
      },
      leaf(entry, path) {
        const stands = shadow.standing(entry, path);
        if (stands === 'replaceable') return replace(entry, path);
        if (stands === 'conflict' && exact) return displace(entry, path);
        if (stands === 'absent') added.add(path);
        else obstacles.conflicts.add(path);
        return schedule(entry, path);
      },
    },
    pace,
  );
  await countForeign([]);
  obstacles.check(mustBeEqual, foreign.stuck);
  const plan = { added, replaced, removed: foreign.counted, unchanged };
  return { plan, room: { needed, freed: foreign.bytes - displaced } };
}

function allButStagings(target: number) {
  const { living, dead } = findStagings(target);
  return { allBut: [...living, ...dead] };
}
