/** A tenant whose keys are destroyed has no sessions any more, nor files on the disk of a runner. */

import type { Cancellable } from '../base/index.ts';
import { sweepPlaces } from './stale-places.ts';
import type { SessionWorld } from './world.ts';

/** @param tenant its name. Other runners sweep their directories when they are next at work for it */
export async function forgetSessions(
  world: SessionWorld,
  tenant: string,
  options: Cancellable = {},
): Promise<void> {
  const { database, clock } = world;
  const now = clock();
  await database.kysely
    .updateTable('sessions')
    .set(({ fn, val, ref }) => ({
      state: 'terminated',
      expired: fn.coalesce(ref('expired'), val(now)),
      runner: null,
      lease_until: null,
      holder: null,
      operation: null,
      unsaved: 0,
      reason: null,
      labels: '{}',
      agent: '',
    }))
    .where('tenant', '=', tenant)
    .execute();
  await sweepPlaces({ ...world, tenant }, options);
}
