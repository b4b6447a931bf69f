/** The files of a session become the next snapshot of its workspace. */

import { StrataError, isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Durability, SessionTable } from '../db/index.ts';
import type { Progress } from '../disk/index.ts';
import type { LimitedDirectory } from '../quota/index.ts';
import { findSnapshotInfo, prepareSave, saveDirectory } from '../workspace/index.ts';
import type { CommitTerms, SnapshotInfo } from '../workspace/index.ts';
import type { Claim } from './claim.ts';
import { REACH } from './mobility.ts';
import type { SessionPlace } from './place.ts';
import { updateSession } from './rows.ts';
import type { Query } from './rows.ts';
import type { SessionWorld } from './world.ts';

export interface SaveFilesOptions extends Cancellable {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly message?: string | undefined;
}

/** Committed in any case. `uploaded`: what it took is in the store, with no head that tells of it: `error` says why. */
export interface SavedFiles {
  readonly snapshot: number;
  readonly durability: Durability;
  readonly error: StrataError | undefined;
  /** What is not kept of the files, a line each. */
  readonly warnings: readonly string[];
}

/**
 * @throws lease_lost; as `saveDirectory`: then there is no new snapshot
 */
export async function saveFiles(
  world: SessionWorld,
  claim: Claim,
  place: SessionPlace,
  { directory, means }: LimitedDirectory,
  { signal, onProgress, message }: SaveFilesOptions,
): Promise<SavedFiles> {
  const { session } = claim;
  const { cacheDirectory } = place;
  const terms = { workspace: session.name, message, signal, onProgress };
  let committed: number | undefined;
  const commit: CommitTerms = {
    fence: session.fence,
    also: async (tx, snapshot) => {
      await claim.check(tx);
      await updateSession(tx, session.id, {
        durability: 'uploaded',
        used: snapshot.bytes,
        unsaved: 0,
        tries: 0,
        retry_at: null,
      });
      committed = snapshot.number;
    },
  };
  try {
    await using ahead = await prepareSave(directory, terms, cacheDirectory);
    const store = await world.storeOf(session.store_region, { signal });
    const saved = await saveDirectory({ ...store, cacheDirectory }, directory, { ...terms, commit }, ahead);
    place.mark('dirty', { fence: session.fence, snapshot: saved.snapshot, means });
    return {
      snapshot: saved.snapshot,
      durability: durabilityOf(session),
      error: undefined,
      warnings: saved.warnings,
    };
  } catch (error) {
    // Whoever took the session may have taken the files away too: that is what went wrong then.
    if (committed === undefined) await world.database.transaction((tx) => claim.check(tx));
    if (isStrataError(error, 'unreadable')) throw unreadable(session.name, error);
    if (committed === undefined || !isStrataError(error)) throw error;
    // The transaction may have failed behind `also`.
    if ((await latestSnapshot(world.database.kysely, session))?.snapshot !== committed) throw error;
    place.mark('dirty', { fence: session.fence, snapshot: committed, means });
    return { snapshot: committed, durability: 'uploaded', error, warnings: [] };
  }
}

/** What a command has locked, another one can open. */
function unreadable(name: string, { message, details, cause }: StrataError): StrataError {
  return new StrataError('unreadable', message, {
    hint: `Its commands can open it: \`strata sessions exec ${name} -- chmod -R u+rwX .\`, or remove it.`,
    details,
    cause,
  });
}

/** Of snapshots whose head is in the store. On the disk of the runner's machine they are as safe as that. */
export function durabilityOf({ mobility }: Pick<SessionTable, 'mobility'>): Durability {
  return REACH[mobility].leavesMachine ? 'durable' : 'local';
}

/** Whether the store is at fault, so that a later try may do better. */
export function isAway(error: unknown): error is StrataError {
  return (['unavailable', 'disk_full', 'read_only', 'not_found'] as const).some((code) =>
    isStrataError(error, code),
  );
}

/** Undefined: it has no workspace yet, or none any more. */
export async function latestSnapshot(
  query: Query,
  { workspace, name }: Pick<SessionTable, 'workspace' | 'name'>,
): Promise<SnapshotInfo | undefined> {
  return workspace === null ? undefined : findSnapshotInfo(query, workspace, name);
}
