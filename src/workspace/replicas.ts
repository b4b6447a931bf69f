/** Where the snapshots of a workspace are, and how far each place is behind. */

import { StrataError } from '../base/index.ts';
import { findWorkspace, originOf } from './catalog.ts';
import { checkName } from './name.ts';
import { historyOf } from './replica-rows.ts';
import type { Original } from './replica-rows.ts';
import type { Lag } from './results.ts';
import type { Query } from './world.ts';

/** A store of a tenant, as the database that knows of it tells of it. The store itself is not asked. */
export interface Place {
  /** Of the tenant there, in hex. */
  readonly tenant: string;
  readonly query: Query;
}

export interface WorkspacePlace<At extends Place> {
  readonly place: At;
  /** The workspace that lives somewhere, and all its replicas. 32 hex digits. */
  readonly origin: string;
  /** Whether it is the one that is saved to. */
  readonly livesHere: boolean;
  /** The oldest first. A snapshot has the same id wherever it is. */
  readonly snapshots: Original['history'];
  /** Behind the workspace itself; undefined if that is at none of the places. */
  readonly lag: Lag | undefined;
}

/**
 * Among some places, those that have a workspace or a replica of it; in the order in which they are given, so the first one with a
 * snapshot is the nearest.
 *
 * @param places stores of one tenant, the nearest first
 * @throws bad_input; conflict if two of them have different workspaces of that name
 */
export async function replicasOf<At extends Place>(
  places: readonly At[],
  name: string,
): Promise<WorkspacePlace<At>[]> {
  checkName(name);
  const found: Omit<WorkspacePlace<At>, 'lag'>[] = [];
  for (const place of places) {
    const workspace = await findWorkspace(place.query, place.tenant, name);
    if (workspace === undefined) continue;
    const snapshots = await historyOf(place.query, workspace.id);
    found.push({ place, origin: originOf(workspace), livesHere: workspace.replica_of === null, snapshots });
  }
  if (new Set(found.map(({ origin }) => origin)).size > 1)
    throw new StrataError('conflict', `there are different workspaces ${name} in the stores`, {
      hint: 'Say which store is meant.',
      details: { workspace: name, origins: found.map(({ origin }) => origin) },
    });
  const home = found.find(({ livesHere }) => livesHere);
  return found.map((each) => ({ ...each, lag: home && lagBehind(home.snapshots, each.snapshots) }));
}

/** @param history and replica: the oldest first */
export function lagBehind(
  history: Original['history'],
  replica: readonly Pick<Original['history'][number], 'number' | 'created'>[],
): Lag {
  const latest = history.at(-1);
  const there = replica.at(-1);
  const missing = history.filter(({ number }) => there === undefined || number > there.number);
  const since = there ?? history[0];
  const seconds = latest === undefined || since === undefined ? 0 : (latest.created - since.created) / 1000;
  return { snapshots: missing.length, seconds: Math.max(0, seconds) };
}
