/** From a tree to a directory full of it that nobody else can reach: surveyed to its last node, and only then written. */

import type { Summary } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { capacityFor } from './capacity.ts';
import type { Selection } from './descend.ts';
import { reset } from './schedule.ts';
import { Scheduler } from './scheduler.ts';
import type { Window } from './scheduler.ts';
import type { WrittenFiles } from './sightings.ts';
import { survey } from './survey.ts';
import type { Plan, PlanRoom, SurveyOptions } from './survey.ts';
import { WindowWriter } from './window-writer.ts';
import type { WriterOptions } from './window-writer.ts';

export interface StageOptions
  extends
    Omit<WriterOptions, 'signal' | 'rememberer'>,
    Pick<SurveyOptions, 'offLimits' | 'mustBeEqual' | 'exact' | 'known' | 'sightings'> {
  /** Nothing will be staged: tell exactly what would be done. */
  readonly dryRun: boolean;
  /** What is chosen of the tree. */
  readonly summary: Summary;
}

export interface Stage {
  /** What would be done. */
  readonly plan: Plan;
  readonly room: PlanRoom;

  /**
   * Writes it. May be called again, for another directory.
   *
   * @param into an open directory of ours, empty, which stays open and keeps its own mode and time
   * @param target as it was surveyed, or undefined if nothing of it is kept
   * @param rememberer is told of all that is written, while it is where it is
   * @returns what was done
   * @throws integrity, disk_full, read_only, refused, conflict, each with the path; cancelled
   */
  write(into: number, target: number | undefined, rememberer?: WrittenFiles): Promise<Plan>;
}

/**
 * @param target an open directory that the result will be merged with: what is there already, exactly, is not written, but every
 *   directory is; undefined if there is none yet
 * @throws as `survey`
 */
export async function prepareStage(
  selection: Selection & { readonly source: ContentSource },
  target: number | undefined,
  options: StageOptions,
): Promise<Stage> {
  const { offLimits, pace, dryRun, summary, crew, mustBeEqual = false, exact, known, sightings } = options;
  const { source, signal } = selection;
  const isWindowed = dryRun || crew.window !== undefined;
  const capacity = isWindowed ? undefined : capacityFor(summary, selection.only?.length ?? 0);
  const planned = capacity === undefined ? undefined : new Scheduler(source, { capacity });
  // What is planned in windows is looked at again while it is written, and files are compared only then.
  const compares = dryRun || mustBeEqual || planned !== undefined;
  let { ahead } = options;
  const common = { mustBeEqual, exact, known, sightings, offLimits, pace };
  const { plan, room } = await survey(selection, target, { ...common, compares, scheduler: planned });

  return {
    plan,
    room,
    async write(into, kept, rememberer) {
      const threads = ahead;
      ahead = undefined;
      pace.files = pace.bytes = 0;
      sightings?.write();
      await using writer = new WindowWriter(source, into, { ...options, ahead: threads, signal, rememberer });
      const window = planned?.window;
      if (window !== undefined) {
        reset(window.schedule);
        await writer.write(window, true);
        return plan;
      }
      const onFull = (full: Window) => writer.write(full);
      const scheduler = new Scheduler(source, { onFull, capacity: crew.window });
      const done = await survey(selection, kept, { ...common, compares: true, scheduler });
      if (scheduler.window !== undefined) await writer.write(scheduler.window, true);
      // Some of it may have been removed by now, to make room.
      return { ...done.plan, removed: plan.removed };
    },
  };
}
