/** A command in a session, with its workspace at `/workspace`. */

import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { StrataError, isBelow, isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { Ended, Executor, StartedCommand } from '../exec/index.ts';
import type { LimitedDirectory, Writers } from '../quota/index.ts';
import { checkpointSession } from './checkpoint.ts';
import { openPlace } from './open-place.ts';
import type { ExecResult, QuotaExceeded } from './results.ts';
import { beginTask, endTask } from './task-record.ts';
import type { Task } from './task-record.ts';
import type { ExecutorWish, SessionWorld } from './world.ts';

/** Where commands see the workspace, unless nothing is between them and the disk. */
export const SHOWN_WORKSPACE = '/workspace';

export interface TaskOptions extends Cancellable {
  readonly onOutput: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void | Promise<void>;
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly workingDir?: string | undefined;
  readonly sandbox?: ExecutorWish['sandbox'] | undefined;
  readonly image?: string | undefined;
  readonly checkpoint?: boolean | undefined;
}

/** Milliseconds between two looks at whether the session is still ours. */
const WATCH_MS = 150;
/** Milliseconds to wait for another operation, when the command has ended. */
const PATIENCE_MS = 10 * 60_000;
/** Files that an error names. */
const BIGGEST = 5;

/**
 * @throws session_not_found; conflict if it is not active; interrupted if it was suspended meanwhile; lease_lost; cancelled; as an executor
 */
export async function execInSession(
  world: SessionWorld,
  ref: string,
  words: readonly [string, ...string[]],
  options: TaskOptions,
): Promise<ExecResult> {
  const started = performance.now();
  const wish: ExecutorWish = {
    kind: options.image === undefined ? 'host' : 'podman',
    sandbox: options.sandbox ?? 'auto',
  };
  const executor = await world.openExecutor(wish);
  const task = await beginTask(world, ref, words, wish);
  const { session } = task;
  let ended: Ended | undefined;
  let quota: QuotaExceeded | undefined;
  try {
    const { limited } = await openPlace(world, session, options);
    const ending = await runTask(world, executor, task, words, limited, options);
    ended = ending.ended;
    quota = ending.quota;
  } finally {
    await endTask(world, task, ended, quota);
  }
  const behind =
    (options.checkpoint ?? session.checkpoint_each === 1)
      ? await checkpointBehind(world, task, words, options)
      : { snapshot: undefined, checkpointFailure: undefined };
  const seconds = (performance.now() - started) / 1000;
  return { task: task.id, exitCode: ended.exitCode, signal: ended.signal, seconds, ...behind, quota };
}

interface Ending {
  readonly ended: Ended;
  readonly quota: QuotaExceeded | undefined;
}

async function runTask(
  world: SessionWorld,
  executor: Executor,
  { session, place: directory }: Task,
  words: readonly [string, ...string[]],
  limited: LimitedDirectory,
  options: TaskOptions,
): Promise<Ending> {
  const watch = new AbortController();
  const stop = new AbortController();
  const given = options.signal === undefined ? [] : [options.signal];
  const signal = AbortSignal.any([stop.signal, ...given]);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  await using place = await executor.place({
    directory,
    shown: [{ source: limited.directory, at: SHOWN_WORKSPACE }],
    containers: options.image === undefined ? undefined : [containerOf(options.image)],
    signal,
  });
  const workspace = place.shownAt(SHOWN_WORKSPACE);
  let isFull = false;
  const writers = new CommandWriters();
  const watching = watchSession(world, session, watch.signal).then(
    (reason) => stop.abort(reason),
    () => undefined,
  );
  const onFull = () => {
    isFull = true;
    stop.abort(new StrataError('quota_exceeded', `the quota of session ${session.name} is used up`));
    // Whatever it would still write in its grace is over the quota.
    writers.command?.kill();
  };
  const filling = limited.exceeded(watch.signal, writers).then(onFull, () => undefined);
  try {
    const ended = await place.run(
      {
        words,
        input: options.stdin,
        environment: {
          ...options.environment,
          STRATA_WORKSPACE: workspace,
          STRATA_SESSION: session.name,
          STRATA_AGENT: session.agent,
        },
        workingDir: directoryIn(workspace, options.workingDir),
      },
      { onOutput: options.onOutput, signal, onStart: (command) => writers.started(command) },
    );
    // Nobody refuses space where it is only watched.
    const isSuspect = ended.exitCode !== 0 || limited.means === 'watch';
    const hit = isSuspect && (await limited.isFull());
    return { ended, quota: hit ? await quotaOf(limited, false) : undefined };
  } catch (error) {
    if (isFull) return { ended: { exitCode: 137, signal: 'SIGKILL' }, quota: await quotaOf(limited, true) };
    // An executor says only that it was cancelled.
    if (stop.signal.aborted && isStrataError(error, 'cancelled')) throw stop.signal.reason;
    throw error;
  } finally {
    watch.abort();
    await Promise.all([watching, filling]);
  }
}

/** @throws bad_input for one that is outside, as far as its path tells: what links lead to is the sandbox's business */
function directoryIn(workspace: string, wanted = ''): string {
  const directory = resolve(workspace, wanted);
  if (isBelow(directory, workspace)) return directory;
  throw new StrataError('bad_input', `${JSON.stringify(wanted)} is not below the workspace`, {
    hint: `Give a path below it, as in src or ${workspace}/src.`,
    details: { workingDir: wanted, workspace },
  });
}

/** A command as a quota sees it, that may have to stand still before there is one. */
class CommandWriters implements Writers {
  command: StartedCommand | undefined;
  #standsStill = false;

  started(command: StartedCommand): void {
    this.command = command;
    if (this.#standsStill) void command.stop();
  }

  async stop(): Promise<void> {
    this.#standsStill = true;
    await this.command?.stop();
  }

  goOn(): void {
    this.#standsStill = false;
    this.command?.goOn();
  }
}

function containerOf(image: string) {
  return { image, environment: {}, user: undefined, privileged: false, entrypoint: undefined, tmpfs: [] };
}

async function quotaOf(limited: LimitedDirectory, stopped: boolean): Promise<QuotaExceeded> {
  return {
    usedBytes: await limited.used(),
    limitBytes: limited.limit,
    biggest: await limited.biggest(BIGGEST),
    stopped,
  };
}

/** @returns why commands in it have to end, as soon as they do. Rejects when the signal is aborted */
async function watchSession(
  { database }: SessionWorld,
  { id, name, fence }: SessionTable,
  signal: AbortSignal,
): Promise<StrataError> {
  for (;;) {
    await setTimeout(WATCH_MS, undefined, { signal });
    const row = await database.kysely
      .selectFrom('sessions')
      .select(['state', 'fence'])
      .where('id', '=', id)
      .executeTakeFirst();
    const details = { session: name, state: row?.state };
    if (row?.fence !== fence)
      return new StrataError('lease_lost', `the lease on session ${name} is over`, {
        hint: `\`strata sessions get ${name}\` shows where it is. What is only here is kept beside it.`,
        details,
      });
    if (row.state !== 'active')
      return new StrataError('interrupted', `session ${name} is ${row.state}: its commands end`, {
        hint: `\`strata sessions resume ${name}\` goes on with it.`,
        details,
      });
  }
}

async function checkpointBehind(
  world: SessionWorld,
  { id, session }: Task,
  words: readonly string[],
  { signal }: TaskOptions,
): Promise<Pick<ExecResult, 'snapshot' | 'checkpointFailure'>> {
  const message = `after ${words.join(' ').slice(0, 200)}`;
  try {
    const wish = { signal, message, patience: PATIENCE_MS };
    const { snapshot } = await checkpointSession(world, session.id, wish);
    await world.database.kysely.updateTable('session_tasks').set({ snapshot }).where('id', '=', id).execute();
    return { snapshot, checkpointFailure: undefined };
  } catch (error) {
    // How the command ended is not to be lost for it.
    if (!isStrataError(error)) throw error;
    return { snapshot: undefined, checkpointFailure: error.message };
  }
}
