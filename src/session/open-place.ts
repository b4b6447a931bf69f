/** The working directory of a session as its files should be: what a crash left half done is completed first. */

import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { LimitedDirectory } from '../quota/index.ts';
import { restoreSnapshot } from '../workspace/index.ts';
import { SessionPlace } from './place.ts';
import type { SaveFilesOptions } from './save-files.ts';
import type { SessionWorld } from './world.ts';

export interface OpenPlace {
  readonly place: SessionPlace;
  readonly limited: LimitedDirectory;
}

export async function openPlace(
  world: SessionWorld,
  session: SessionTable,
  options: Cancellable,
): Promise<OpenPlace> {
  const place = new SessionPlace(world, session);
  const limited = await place.open(options);
  const { marker } = place;
  if (marker?.state === 'restoring' && marker.snapshot !== undefined) {
    world.log?.(`${place.path} is half restored: that goes on`);
    await fill(world, session, place, limited, marker.snapshot, options);
  }
  return { place, limited };
}

/** The directory becomes exactly a snapshot. A crash on the way is noticed by the next `openPlace`. */
export async function fill(
  world: SessionWorld,
  { name, fence }: Pick<SessionTable, 'name' | 'fence'>,
  place: SessionPlace,
  { directory, means }: LimitedDirectory,
  snapshot: number,
  { signal, onProgress }: SaveFilesOptions,
): Promise<void> {
  place.mark('restoring', { fence, snapshot, means });
  const nearest = await world.nearest(`${name}@${snapshot}`, { signal });
  const source = { ...nearest.world, cacheDirectory: place.cacheDirectory };
  await restoreSnapshot(source, nearest.ref, directory, { exact: true, byLooks: true, signal, onProgress });
  place.mark('dirty', { fence, snapshot, means });
}
