/** A session goes back to one of its snapshots. What that replaces is a snapshot first, so it can be undone. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { Change } from '../tree/index.ts';
import { compare, parseRef, putBack, recordEvent, snapshotNumber } from '../workspace/index.ts';
import { checkpointFiles } from './checkpoint.ts';
import { claimSession } from './claim.ts';
import { checkHere } from './here.ts';
import { durabilityOf, latestSnapshot } from './save-files.ts';
import type { SaveFilesOptions } from './save-files.ts';
import { fill, openPlace } from './open-place.ts';
import { getLiveSession } from './rows.ts';
import type { RestoredChanges, SessionRestore } from './results.ts';
import { runningTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

export interface RestoreSessionOptions extends SaveFilesOptions {
  readonly dryRun?: boolean | undefined;
}

/** Changes that are told one by one; the others are counted. */
const MOST_CHANGES = 1000;

/**
 * @param ref `SESSION@SNAPSHOT`
 * @throws session_not_found, snapshot_not_found; conflict while commands run in it
 */
export async function restoreSession(
  world: SessionWorld,
  ref: string,
  options: RestoreSessionOptions = {},
): Promise<SessionRestore> {
  const started = world.clock();
  const { workspace: name, snapshot, path } = parseRef(ref);
  if (snapshot === undefined || path !== undefined)
    throw new StrataError('bad_input', `${JSON.stringify(ref)} names no snapshot of a session`, {
      hint: `As in ${name}@1; \`strata sessions log ${name}\` lists them.`,
    });
  const row = await getLiveSession(world.database.kysely, world.tenant, name);
  const wanted = `${row.name}@${snapshot}`;
  const dryRun = options.dryRun === true;
  const done = dryRun ? await plan(world, row) : await restore(world, wanted, options);
  const nearest = await world.nearest(wanted, options);
  const restored = await snapshotNumber(nearest.world, nearest.ref);
  return { session: row.name, restored, ...done, dryRun, seconds: (world.clock() - started) / 1000 };
}

/** What was, or would be, changed by a restore. */
export async function restoredChanges(
  world: Pick<SessionWorld, 'nearest'>,
  { session, replaced, restored }: SessionRestore,
  options: Cancellable,
): Promise<RestoredChanges> {
  const nearest = await world.nearest(`${session}@${restored}`, options);
  const changed = { added: 0, removed: 0, modified: 0 };
  const changes: Change[] = [];
  for await (const change of compare(nearest.world, `${session}@${replaced}`, nearest.ref, options)) {
    changed[change.kind === 'added' || change.kind === 'removed' ? change.kind : 'modified']++;
    if (changes.length < MOST_CHANGES) changes.push(change);
  }
  return { changes, changed };
}

type Done = Pick<SessionRestore, 'replaced' | 'snapshot'>;

async function plan(world: SessionWorld, row: SessionTable): Promise<Done> {
  const latest = await latestSnapshot(world.database.kysely, row);
  return { replaced: latest?.snapshot ?? 0, snapshot: undefined };
}

async function restore(world: SessionWorld, ref: string, options: RestoreSessionOptions): Promise<Done> {
  const { workspace: name } = parseRef(ref);
  await using claim = await claimSession(world, name, {
    operation: 'restore',
    from: ['active', 'suspended'],
    signal: options.signal,
    also: async (tx, row) => {
      if (row.state === 'suspended' && row.unsaved === 0) return {};
      if (row.state === 'suspended') throw unsavedFiles(row.name);
      checkHere(world, row);
      if ((await runningTasks(tx, row.id, row.runner)).length > 0) throw tasksRun(row.name);
      return {};
    },
  });
  const { session } = claim;
  const isAtWork = session.state === 'active';
  const opened = isAtWork ? await openPlace(world, session, options) : undefined;
  const before =
    opened === undefined
      ? (await latestSnapshot(world.database.kysely, session))?.snapshot
      : (
          await checkpointFiles(world, claim, opened, 0, {
            ...options,
            message: `before a restore of ${ref}`,
          })
        ).snapshot;
  const store = await world.storeOf(session.store_region, options);
  const { snapshot, bytes: used } = await putBack(store, ref, {
    fence: session.fence,
    signal: options.signal,
    also: async (tx, row) => {
      await claim.check(tx);
      await recordEvent(tx, world, {
        kind: 'session.restored',
        session: session.name,
        details: { restored: row.parent_number, replaced: before ?? null, snapshot: row.number },
      });
    },
  });
  // From here on a crash leaves a directory that the next operation completes.
  if (opened !== undefined) await fill(world, session, opened.place, opened.limited, snapshot, options);
  await claim.end({
    last_active: world.clock(),
    durability: isAtWork ? 'local' : durabilityOf(session),
    used,
  });
  return { replaced: before ?? snapshot, snapshot };
}

function tasksRun(name: string): StrataError {
  return new StrataError(
    'conflict',
    `commands run in session ${name}: their files cannot be put back beneath them`,
    {
      hint: `Let them end, or stop them: \`strata sessions suspend ${name}\`, then restore and resume.`,
      details: { session: name },
    },
  );
}

function unsavedFiles(name: string): StrataError {
  return new StrataError('conflict', `session ${name} has files on its runner that are not saved yet`, {
    hint: `\`strata sessions get ${name}\` says why. Resume it there first; then what is replaced can be saved.`,
    details: { session: name },
  });
}
