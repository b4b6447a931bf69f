/** Sessions and what is done with them, as they stand in JSON. */

import { formatDuration } from '../base/index.ts';
import type { Checkpoint, RunnerInfo, SessionInfo, RestoredSession } from '../session/index.ts';
import { changeJson } from './files.ts';
import { snapshotJson } from './history.ts';
import { isoTime } from './shapes.ts';

export const SESSION_SHAPE =
  '{id, name, agent, state, workspace, storageType, mobility, region, runner, quotaMb, quotaMeans, usedBytes, durability, synced,\n' +
  'reason, snapshot, retention:{requested, effective, clamped, expiresAt}, labels, storeRegion, lastRunner, directory,\n' +
  'snapshotCreated, runningTasks, held, idleTimeout, checkpointEach, created, lastActive, terminated, expired, conflicts:[…]}.\n' +
  'durability: "local", "uploaded" or "durable"; synced: all that it has is where another runner can get it; snapshot: the number of\n' +
  'the latest, and usedBytes what was there then. Lengths of time are as in 7d; what is not there is null.';

export function sessionJson(session: SessionInfo): object {
  const { id, name, agent, state, workspace, storageType, mobility, region, runner } = session;
  const { quotaMb, quotaMeans, usedBytes, durability, synced, reason, snapshot, retention } = session;
  const { requested, effective, clamped, expiresAt } = retention;
  const { storeRegion, lastRunner, directory, snapshotCreated, runningTasks, held } = session;
  const { idleTimeout, checkpointEach, created, lastActive, terminated, expired, conflicts } = session;
  return {
    id,
    name,
    agent: agent === '' ? null : agent,
    state,
    workspace,
    storageType,
    mobility,
    region,
    runner: runner ?? null,
    quotaMb,
    quotaMeans: quotaMeans ?? null,
    usedBytes,
    durability,
    synced,
    reason: reason ?? null,
    snapshot: snapshot ?? null,
    retention: {
      requested: requested === undefined ? null : lengthText(requested),
      effective: lengthText(effective),
      clamped,
      expiresAt: timeOrNull(expiresAt),
    },
    labels: session.labels,
    storeRegion,
    lastRunner: lastRunner ?? null,
    directory: directory ?? null,
    snapshotCreated: timeOrNull(snapshotCreated),
    runningTasks,
    held,
    idleTimeout: lengthText(idleTimeout),
    checkpointEach,
    created: isoTime(created),
    lastActive: isoTime(lastActive),
    terminated: timeOrNull(terminated),
    expired: timeOrNull(expired),
    conflicts,
  };
}

export const CHECKPOINT_SHAPE =
  'as in log: {workspace, snapshot, …, message, parent}, and runningTasks, durability, seconds. runningTasks: commands that ran\n' +
  'meanwhile; what they were writing may be half there.';

export function checkpointJson({ runningTasks, durability, seconds, ...snapshot }: Checkpoint): object {
  return { ...snapshotJson(snapshot), runningTasks, durability, seconds };
}

export const RESTORE_SHAPE =
  '{session, restored, replaced, snapshot, dryRun, changed:{added, removed, modified}, changes:[{path, kind, before, after}],\n' +
  'seconds}. replaced: the checkpoint with what there was before; snapshot: the new one, null with --dry-run; changes: from\n' +
  'replaced to restored, as in diff, the first thousand.';

export function restoreJson(result: RestoredSession): object {
  const { session, restored, replaced, snapshot, dryRun, changed, changes, seconds } = result;
  const told = changes.map(changeJson);
  return { session, restored, replaced, snapshot: snapshot ?? null, dryRun, changed, changes: told, seconds };
}

export function runnerJson({ name, region, state, baseDir, sessions, seen }: RunnerInfo): object {
  return { name, region, state, baseDir, sessions, seen: isoTime(seen) };
}

/** As `--idle-timeout` and `--retention` take it. @param milliseconds */
export function lengthText(milliseconds: number): string {
  return milliseconds === 0 ? '0' : formatDuration(milliseconds);
}

function timeOrNull(time: number | undefined): string | null {
  return time === undefined ? null : isoTime(time);
}
