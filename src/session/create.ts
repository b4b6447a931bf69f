/** A session begins: a workspace, a lease, a directory, and it is active. */

import { StrataError, formatBytes, isStrataError } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import {
  everyWorkspace,
  forkWorkspace,
  parseRef,
  recordEvent,
  restoreSnapshot,
  saveDirectory,
  snapshotNumber,
} from '../workspace/index.ts';
import type { LimitedDirectory } from '../quota/index.ts';
import { Claim } from './claim.ts';
import { takeLease } from './lease.ts';
import { checkNewSession, inTheMaking, insertSession } from './new-session.ts';
import type { NewSession } from './new-session.ts';
import { SessionPlace } from './place.ts';
import { durabilityOf } from './save-files.ts';
import type { SaveFilesOptions } from './save-files.ts';
import type { SessionWorld } from './world.ts';

const MIB = 1024 * 1024;

export interface Origin {
  /** `NAME[@SNAPSHOT]` or `RUN[#TASK]`. */
  readonly ref: string;
  /** It is a snapshot in the store that the session has its own in. */
  readonly isNear: boolean;
}

/**
 * @param from undefined: it starts with nothing
 * @throws bad_input, already_exists; as a save and a restore: then there is no session
 */
export async function createSession(
  world: SessionWorld,
  wish: NewSession,
  from: Origin | undefined,
  options: SaveFilesOptions = {},
): Promise<void> {
  checkNewSession(wish);
  if ((await everyWorkspace(world.database.kysely, world.tenant, wish.name)).length > 0)
    throw taken(wish.name);
  const place = new SessionPlace(world, { id: wish.id, name: wish.name, quota_mb: wish.quotaMb });
  try {
    const limited = await place.open(options);
    place.mark('making', { fence: 0, snapshot: undefined, means: limited.means });
    const store = {
      ...(await world.storeOf(wish.storeRegion, options)),
      cacheDirectory: place.cacheDirectory,
    };
    const pinned = from && (await begunFrom(world, wish, from, place, limited, options));
    let session: SessionTable | undefined;
    const begin = async (
      tx: Parameters<typeof takeLease>[0],
      snapshot: { readonly workspace: string; readonly number: number; readonly bytes: number },
    ) => {
      if (snapshot.number !== 1) throw taken(wish.name);
      if (snapshot.bytes > wish.quotaMb * MIB) throw tooLarge(wish, snapshot.bytes);
      const lease = await takeLease(tx, world, snapshot.workspace);
      session = await insertSession(tx, world, wish, {
        ...inTheMaking(),
        ...lease,
        state: 'pending',
        workspace: snapshot.workspace,
        used: snapshot.bytes,
        quota_means: limited.means,
        durability: durabilityOf(wish),
      });
    };
    if (pinned !== undefined) await forkWorkspace(store, pinned, wish.name, { ...options, also: begin });
    else
      await saveDirectory(store, limited.directory, {
        ...options,
        workspace: wish.name,
        commit: { also: begin },
      });
    if (session === undefined) throw new StrataError('internal', `session ${wish.name} has no row`);
    await using claim = new Claim(world, session);
    place.mark('dirty', { fence: session.fence, snapshot: 1, means: limited.means });
    await claim.end({ state: 'active', durability: 'local' }, async (tx) => {
      const { runner } = world;
      await recordEvent(tx, world, {
        kind: 'session.created',
        session: wish.name,
        details: {
          agent: wish.agent,
          storageType: wish.storageType,
          mobility: wish.mobility,
          from: from?.ref ?? null,
        },
      });
      await recordEvent(tx, world, {
        kind: 'session.active',
        session: wish.name,
        details: { runner: runner.name, region: runner.region, snapshot: 1 },
      });
    });
  } catch (error) {
    if (place.marker?.state === 'making') await place.remove({});
    throw error;
  }
}

/**
 * Its files are in the directory before there is a session.
 *
 * @returns the snapshot that they are, in the store of the session; undefined if they are in none of those
 */
async function begunFrom(
  world: SessionWorld,
  wish: NewSession,
  { ref, isNear }: Origin,
  { cacheDirectory }: SessionPlace,
  limited: LimitedDirectory,
  options: SaveFilesOptions,
): Promise<string | undefined> {
  const nearest = await world.nearest(ref, options);
  // It may get more snapshots meanwhile.
  const number = isNear ? await snapshotNumber(nearest.world, nearest.ref) : undefined;
  const pin = (each: string) => (number === undefined ? each : `${parseRef(each).workspace}@${number}`);
  const source = { ...nearest.world, cacheDirectory };
  try {
    await restoreSnapshot(source, pin(nearest.ref), limited.directory, { ...options, exact: true });
  } catch (error) {
    // Only a kernel refuses what is over a quota; a disk that is full beneath an image is another error there.
    if (isStrataError(error, 'disk_full') && limited.means !== 'watch') throw tooLarge(wish);
    throw error;
  }
  return isNear ? pin(ref) : undefined;
}

function tooLarge({ quotaMb }: NewSession, bytes?: number): StrataError {
  const limit = quotaMb * MIB;
  const size = bytes === undefined ? 'more' : formatBytes(bytes);
  return new StrataError(
    'quota_exceeded',
    `what the session is to start with has ${size}, and its quota is ${formatBytes(limit)}`,
    { hint: 'Give it more room: --workspace-quota MB.', details: { usedBytes: bytes, limitBytes: limit } },
  );
}

function taken(name: string): StrataError {
  return new StrataError('already_exists', `there is a workspace ${name} already`, {
    hint: 'Choose another name, or start from it: --from NAME.',
    details: { session: name },
  });
}
