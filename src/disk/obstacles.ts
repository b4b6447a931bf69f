/** What stands in the way of a restore, all of it found before anything is changed. */

import { StrataError } from '../base/index.ts';
import { Tallying, tallyDetails, tallyText } from './tally.ts';
import type { Tally } from './tally.ts';

export class Obstacles {
  /** Something else than a directory, where the other one is a directory. */
  readonly conflicts = new Tallying();
  /** What would be replaced, and must not be. */
  readonly differing = new Tallying();
  /** Directories that we may not write to. */
  readonly locked = new Tallying();
  /** Directories of the tree where another file system, or another part of this one, is mounted. */
  readonly mounted = new Tallying();

  /**
   * @param stuck what would have to be removed, and cannot be
   * @throws conflict, refused, with the paths
   */
  check(mustBeEqual: boolean, stuck: Tally): void {
    const { conflicts, differing, locked, mounted } = this;
    if (mustBeEqual && conflicts.count + differing.count > 0) {
      const paths = [...tallyDetails(conflicts).paths, ...tallyDetails(differing).paths];
      const first = differing.count > 0 ? differing : conflicts;
      throw new StrataError('conflict', `something else is already on disk at ${tallyText(first)}`, {
        hint: 'Nothing was changed. Restore to another directory, or before anything is written there.',
        details: { count: conflicts.count + differing.count, paths },
      });
    }
    if (conflicts.count > 0)
      throw new StrataError(
        'conflict',
        `a directory stands against something else at ${tallyText(conflicts)}`,
        {
          hint: 'Nothing was changed. Move what is there away, or restore to another directory.',
          details: tallyDetails(conflicts),
        },
      );
    if (locked.count > 0)
      throw new StrataError('refused', `you may not write to ${tallyText(locked)} of the target`, {
        hint: 'Nothing was changed. Choose a directory of yours.',
        details: tallyDetails(locked),
      });
    if (mounted.count > 0)
      throw new StrataError('refused', `something is mounted at ${tallyText(mounted)} of the target`, {
        hint: 'Nothing was changed. What is mounted is somebody else’s, and no file can be moved into it: unmount it, or restore to another directory.',
        details: tallyDetails(mounted),
      });
    if (stuck.count > 0)
      throw new StrataError('refused', `${tallyText(stuck)} of the target cannot be removed`, {
        hint: 'Nothing was changed. Something is mounted there, is somebody else’s, or belongs to the store: see to it first.',
        details: tallyDetails(stuck),
      });
  }
}

/** What has turned out not to be removable when all else was done. */
export function notRemoved(stuck: Tally): StrataError {
  return new StrataError('refused', `cannot remove ${tallyText(stuck)} from the target`, {
    hint: 'All of the tree is in its place. What is left may be immutable (lsattr), mounted, or somebody else’s: see to it, then run the restore again.',
    details: tallyDetails(stuck),
  });
}
