/** What a runner could not save when its session was suspended is saved later. */

import { recordEvent } from '../workspace/index.ts';
import { claimSession } from './claim.ts';
import { openPlace } from './open-place.ts';
import { nextTry } from './retry.ts';
import { isAway, saveFiles } from './save-files.ts';
import type { SaveFilesOptions } from './save-files.ts';
import { endSaved, putAway, reasonOf } from './suspend.ts';
import { stopTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

/** @returns whether all is saved by now. @throws session_not_found, conflict; what is no fault of the store */
export async function syncSession(
  world: SessionWorld,
  ref: string,
  options: SaveFilesOptions = {},
): Promise<boolean> {
  await using claim = await claimSession(world, ref, {
    operation: 'sync',
    from: ['suspended'],
    signal: options.signal,
  });
  const { session } = claim;
  if (session.unsaved === 0 && session.durability !== 'uploaded') return true;
  // Of a runner that was lost and is back.
  await stopTasks(world, session, options);
  const { place, limited } = await openPlace(world, session, options);
  try {
    // Also if only a head is missing: a save publishes those of its workspace that are.
    const saved = await saveFiles(world, claim, place, limited, options);
    if (saved.error === undefined)
      place.mark('clean', { fence: session.fence, snapshot: saved.snapshot, means: limited.means });
    await endSaved(world, claim, saved);
    if (saved.error !== undefined) return false;
  } catch (error) {
    if (!isAway(error)) throw error;
    await claim.end({ reason: reasonOf(error), ...nextTry(session, world.clock()) }, (tx) =>
      recordEvent(tx, world, {
        kind: 'session.sync_failed',
        session: session.name,
        details: { code: error.code, tries: session.tries + 1 },
      }),
    );
    return false;
  }
  await putAway(world, place, session);
  return true;
}
