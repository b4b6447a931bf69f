/** A runner at work: it says that it is there, does what it is asked for, and what is due. */

import { setTimeout } from 'node:timers/promises';

import { StrataError, fateOf, isStrataError, thisProcess } from '../base/index.ts';
import type { SessionRequestTable } from '../db/index.ts';
import { checkpointSession } from './checkpoint.ts';
import { createSession } from './create.ts';
import type { Origin } from './create.ts';
import { doWhatIsQuick, doWhatIsSlow } from './due.ts';
import { execInSession } from './exec.ts';
import type { TaskOptions } from './exec.ts';
import { renewLeases } from './lease.ts';
import type { NewSession } from './new-session.ts';
import { RequestFiles, failureOf } from './requests.ts';
import type { RequestKind, RequestWorld } from './requests.ts';
import { restoreSession } from './restore.ts';
import { resumeSession } from './resume.ts';
import { suspendSession } from './suspend.ts';
import { syncSession } from './sync.ts';
import { terminateSession } from './terminate.ts';
import type { SessionWorld } from './world.ts';

export type ServeWorld = SessionWorld & RequestWorld;

export interface ServeOptions {
  readonly signal: AbortSignal;
  /** Other processes act for it as well: nothing is suspended when this one ends. */
  readonly isHome?: boolean | undefined;
  /** Do what is due once, and return. */
  readonly once?: boolean | undefined;
  readonly onActivity?: ((line: string) => void) | undefined;
}

/** Arguments of each request; all of them are JSON. */
export interface RequestArguments {
  readonly create: { readonly wish: NewSession; readonly from: Origin | undefined };
  readonly exec: {
    readonly session: string;
    readonly words: readonly [string, ...string[]];
    readonly hasInput: boolean;
    readonly options: Omit<TaskOptions, 'signal' | 'onOutput' | 'stdin'>;
  };
  readonly suspend: { readonly session: string };
  readonly sync: { readonly session: string };
  readonly resume: { readonly session: string; readonly acceptLoss: boolean };
  readonly checkpoint: { readonly session: string; readonly message: string | undefined };
  readonly restore: { readonly ref: string };
  readonly terminate: {
    readonly session: string;
    readonly discard: boolean;
    readonly retention: number | undefined;
  };
}

/** Milliseconds between two looks at what is wanted. */
const LOOK_MS = 50;
/** Milliseconds between two times of what is due. */
const DUE_MS = 2_000;

/** Until the signal is aborted; then what is at work here is suspended. */
export async function serve(world: ServeWorld, options: ServeOptions): Promise<void> {
  const { signal, once = false, isHome = false } = options;
  const log = options.onActivity ?? (() => undefined);
  const doDue = async () => {
    await doWhatIsQuick(world);
    await doWhatIsSlow(world, { signal });
  };
  if (once) return doDue();
  const stop = new AbortController();
  const renewing = keepLeases(world, stop.signal);
  const beingServed = new Set<Promise<void>>();
  let due: Promise<void> | undefined;
  let nextDue = 0;
  log(`runner ${world.runner.name} is ready`);
  try {
    while (!signal.aborted) {
      for (const row of await takeRequests(world)) {
        log(`${row.kind} begins`);
        const serving = serveRequest(world, row, stop.signal)
          .then((outcome) => log(`${row.kind}: ${outcome}`))
          .finally(() => beingServed.delete(serving));
        beingServed.add(serving);
      }
      if (due === undefined && performance.now() >= nextDue) {
        due = doDue()
          .catch((error: unknown) => log(`what is due could not be done: ${failureOf(error).message}`))
          .finally(() => {
            due = undefined;
            nextDue = performance.now() + DUE_MS;
          });
      }
      // What ends the waiting is no failure.
      await setTimeout(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    log(isHome ? 'stopping' : 'stopping: what is at work here is suspended');
    await due;
    if (!isHome) await suspendAll(world, log);
  } finally {
    stop.abort(new StrataError('interrupted', `runner ${world.runner.name} was stopped`));
    await Promise.allSettled([...beingServed, renewing]);
  }
}

/** A third of a lease may pass twice before it is over. */
async function keepLeases(world: ServeWorld, signal: AbortSignal): Promise<void> {
  const every = Math.max(50, (world.runner.lease ?? 30_000) / 3);
  while (!signal.aborted) {
    try {
      await renewLeases(world);
    } catch (error) {
      world.log?.(`leases could not be renewed: ${failureOf(error).message}`);
    }
    await setTimeout(every, undefined, { signal }).catch(() => undefined);
  }
}

async function takeRequests({ database, runner, tenant }: ServeWorld): Promise<SessionRequestTable[]> {
  const waiting = database.kysely
    .selectFrom('session_requests')
    .selectAll()
    .where('runner', '=', runner.id)
    .where('tenant', '=', tenant)
    .where('status', '=', 'waiting');
  const rows = await waiting.execute();
  const taken: SessionRequestTable[] = [];
  for (const row of rows) {
    const { numUpdatedRows } = await database.kysely
      .updateTable('session_requests')
      .set({ status: 'taken', taker: thisProcess() })
      .where('id', '=', row.id)
      .where('status', '=', 'waiting')
      .executeTakeFirst();
    if (numUpdatedRows > 0n) taken.push(row);
  }
  return taken;
}

/** @returns how it ended, for the log */
async function serveRequest(
  world: ServeWorld,
  row: SessionRequestTable,
  stopped: AbortSignal,
): Promise<string> {
  const { id, kind } = row;
  const files = new RequestFiles(world.requestsDirectory, id);
  const over = new AbortController();
  const cancel = new AbortController();
  const watching = watchAsker(world, row, cancel, over.signal);
  const signal = AbortSignal.any([cancel.signal, stopped]);
  let outcome = 'done';
  try {
    const value = await SERVE[kind as RequestKind](world, files, signal);
    files.putAnswer({ value: value ?? null });
  } catch (error) {
    const failure = failureOf(error);
    outcome = `${failure.code}: ${failure.message}`;
    try {
      files.putAnswer({ failure });
    } catch {
      // Nobody waits for it any more.
    }
  } finally {
    over.abort();
    await watching;
  }
  await world.database.kysely
    .updateTable('session_requests')
    .set({ status: 'done' })
    .where('id', '=', id)
    .execute();
  return outcome;
}

const SERVE: Readonly<
  Record<RequestKind, (world: ServeWorld, files: RequestFiles, signal: AbortSignal) => Promise<unknown>>
> = {
  create: (world, files, signal) => {
    const { wish, from } = files.request<RequestArguments['create']>();
    return createSession(world, wish, from, { signal });
  },
  exec: async (world, files, signal) => {
    const { session, words, hasInput, options } = files.request<RequestArguments['exec']>();
    using output = files.outputWriter();
    // Nobody waits for more input of a command that has ended, however long its asker has none.
    const over = new AbortController();
    const stdin = hasInput ? files.input(AbortSignal.any([signal, over.signal])) : undefined;
    try {
      // Awaited here: the output is closed when this function returns.
      return await execInSession(world, session, words, {
        ...options,
        signal,
        stdin,
        onOutput: (bytes, stream) => output.write(bytes, stream),
      });
    } finally {
      over.abort();
    }
  },
  suspend: (world, files, signal) =>
    suspendSession(world, files.request<RequestArguments['suspend']>().session, { signal }),
  sync: (world, files, signal) =>
    syncSession(world, files.request<RequestArguments['sync']>().session, { signal }),
  resume: (world, files, signal) => {
    const { session, acceptLoss } = files.request<RequestArguments['resume']>();
    return resumeSession(world, session, { acceptLoss, signal });
  },
  checkpoint: (world, files, signal) => {
    const { session, message } = files.request<RequestArguments['checkpoint']>();
    return checkpointSession(world, session, { message, signal });
  },
  restore: (world, files, signal) =>
    restoreSession(world, files.request<RequestArguments['restore']>().ref, { signal }),
  terminate: (world, files, signal) => {
    const { session, ...options } = files.request<RequestArguments['terminate']>();
    return terminateSession(world, session, { ...options, signal });
  },
};

/** Who asked may want it to end, or be gone. */
async function watchAsker(
  { database }: ServeWorld,
  { id, asker }: SessionRequestTable,
  cancel: AbortController,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const row = await database.kysely
      .selectFrom('session_requests')
      .select('cancel')
      .where('id', '=', id)
      .executeTakeFirst();
    if (row === undefined || row.cancel === 1 || fateOf(asker) === 'dead') {
      cancel.abort(new StrataError('cancelled', 'whoever asked for it does not want it any more'));
      return;
    }
    await setTimeout(LOOK_MS * 2, undefined, { signal: over }).catch(() => undefined);
  }
}

/** What cannot be suspended is left as of a runner that died: the files stay here. */
async function suspendAll(world: ServeWorld, log: (line: string) => void): Promise<void> {
  const rows = await world.database.kysely
    .selectFrom('sessions')
    .select(['id', 'name'])
    .where('tenant', '=', world.tenant)
    .where('runner', '=', world.runner.id)
    .where('state', '=', 'active')
    .execute();
  for (const { id, name } of rows) {
    try {
      await suspendSession(world, id, {});
      log(`session ${name} is suspended`);
    } catch (error) {
      if (!isStrataError(error)) throw error;
      log(`session ${name} could not be suspended: ${error.message}`);
    }
  }
}
