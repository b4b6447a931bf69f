/** Directories of a runner that are of no use any more: of sessions that went elsewhere, have ended, or never began. */

import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { errno, fateOf, isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import { keepConflict } from './conflict-files.ts';
import { SessionPlace, readMarker, removePlace } from './place.ts';
import type { Marker } from './place.ts';
import { isSessionId } from './rows.ts';
import type { Query } from './rows.ts';
import { runnerWithId } from './runner-rows.ts';
import { runningTasks, sweepTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

/** In front of the name of a directory that nobody needs. */
const RETIRED = '.retired-';

/** What is only here is kept first. @throws what keeps it from being kept; then it stays */
export async function sweepPlaces(world: SessionWorld, options: Cancellable): Promise<void> {
  for (const id of namesIn(world.runner.base_dir)) {
    const path = join(world.runner.base_dir, id);
    // Of one that died on the way.
    if (id.startsWith(RETIRED)) await removePlace(world, path, options);
    const marker = isSessionId(id) ? readMarkerIfWhole(path) : undefined;
    if (marker === undefined || marker.session !== id) continue;
    const session = await world.database.kysely
      .selectFrom('sessions')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (session === undefined) {
      // Of a database that was lost, its files may be all that is left: only what nobody has worked in yet goes.
      if (marker.state === 'making' && fateOf(marker.maker) === 'dead')
        await new SessionPlace(world, { id, name: id, quota_mb: 1 }).remove(options);
      continue;
    }
    if (session.tenant === world.tenant && (await isStale(world, world.database.kysely, session, marker)))
      await sweepPlace(world, session, marker, options);
  }
}

async function isStale(
  { runner }: SessionWorld,
  query: Query,
  session: SessionTable,
  marker: Marker,
): Promise<boolean> {
  if (session.expired !== null || session.state === 'terminated') return true;
  if (session.last_runner === runner.id || marker.fence >= session.fence) return false;
  // Where runners share a directory, what one of them has lost is there for all of them.
  const last = await runnerWithId(query, session.last_runner);
  return last?.base_dir !== runner.base_dir;
}

async function sweepPlace(
  world: SessionWorld,
  session: SessionTable,
  marker: Marker,
  options: Cancellable,
): Promise<void> {
  await sweepTasks(world, session.id);
  // They hear that the lease is over; then it is the turn of their files.
  if ((await runningTasks(world.database.kysely, session.id, world.runner.id)).length > 0) return;
  const place = new SessionPlace(world, session);
  // Whoever ended it on this runner has saved it, or has said that nothing is to be kept.
  const isKept =
    session.last_runner === world.runner.id || session.expired !== null || marker.state !== 'dirty';
  if (!isKept) {
    const limited = await place.open(options);
    await keepConflict(world, session, place, limited, marker, options);
  }
  const retired = await retire(world, session, marker, place.path);
  if (retired !== undefined) await removePlace(world, retired, options);
}

/**
 * Takes it out of the way of a resume that comes now: by the transaction either that one sees no directory, or this one sees that it is wanted.
 *
 * @returns where it is then
 */
async function retire(
  world: SessionWorld,
  { id }: SessionTable,
  marker: Marker,
  path: string,
): Promise<string | undefined> {
  const retired = join(world.runner.base_dir, `${RETIRED}${id}`);
  await removePlace(world, retired, {});
  return world.database.transaction(async (tx) => {
    const row = await tx.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || !(await isStale(world, tx, row, marker))) return undefined;
    // A transaction may be done twice.
    if (existsSync(path)) renameSync(path, retired);
    return retired;
  });
}

function readMarkerIfWhole(path: string): Marker | undefined {
  try {
    return readMarker(path);
  } catch (error) {
    if (!isStrataError(error)) throw error;
    // Whoever needs it hears of it.
    return undefined;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}
