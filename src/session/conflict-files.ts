/** What a runner has that came too late: kept in a workspace of its own, never merged and never lost. */

import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { LimitedDirectory } from '../quota/index.ts';
import { differsFromSnapshot, recordEvent, saveDirectory } from '../workspace/index.ts';
import { idOf } from '../vault/index.ts';
import type { Query } from './rows.ts';
import type { Marker, SessionPlace } from './place.ts';
import type { SessionWorld } from './world.ts';

/** Characters of a workspace's name, less what is put behind it. */
const MOST_NAME = 100;

/**
 * @param marker of the place, before anybody else worked in it
 * @returns the name of the workspace that has the files; undefined if all of them are in a snapshot
 */
export async function keepConflict(
  world: SessionWorld,
  session: Pick<SessionTable, 'name' | 'workspace' | 'store_region'>,
  place: SessionPlace,
  { directory }: LimitedDirectory,
  { fence, snapshot }: Marker,
  { signal }: Cancellable,
): Promise<string | undefined> {
  const { name, store_region } = session;
  const store = { ...(await world.storeOf(store_region, { signal })), cacheDirectory: place.cacheDirectory };
  if (snapshot !== undefined) {
    const nearest = await world.nearest(`${name}@${snapshot}`, { signal });
    const source = { ...nearest.world, cacheDirectory: place.cacheDirectory };
    if (!(await differsFromSnapshot(source, directory, nearest.ref, { signal }))) return undefined;
  }
  // One for each lease: when it is tried again, it is the next snapshot of the same.
  const workspace = `${name.slice(0, MOST_NAME)}.conflict-${fence}`;
  const saved = await saveDirectory(store, directory, {
    workspace,
    signal,
    message: `files of runner ${world.runner.name} when its lease on ${name} was over`,
    commit: {
      kind: 'conflict',
      parent:
        session.workspace === null || snapshot === undefined
          ? undefined
          : { workspace: idOf(session.workspace), number: snapshot },
      also: (tx) =>
        recordEvent(tx, world, {
          kind: 'session.conflict',
          session: name,
          workspace,
          details: { runner: world.runner.name, fence, since: snapshot ?? null },
        }),
    },
  });
  world.log?.(`files of a lease that was over are kept as ${workspace}@${saved.snapshot}`);
  return workspace;
}

/** Names of the workspaces that keep them. @param workspace of the session, in hex */
export async function conflictsOf(query: Query, workspace: string): Promise<string[]> {
  const rows = await query
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select('workspaces.name')
    .distinct()
    .where('snapshots.kind', '=', 'conflict')
    .where('parent_workspace', '=', workspace)
    .orderBy('workspaces.name')
    .execute();
  return rows.map(({ name }) => name);
}
