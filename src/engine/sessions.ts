/** The engine's sessions: each call finds the runner that has to do it, and leaves the work to that. */

import { StrataError, systemRandom } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { RunnerTable } from '../db/index.ts';
import type {
  Checkpoint,
  ExecResult,
  NewSession,
  Origin,
  RequestArguments,
  RequestKind,
  ServeWorld,
  SessionInfo,
  SessionRestore,
} from '../session/index.ts';
import { namesRun, parseRef } from '../workspace/index.ts';
import type { EngineOptions } from './engine.ts';
import { runnerById, runnerFor, runnerToResume } from './choose-runner.ts';
import type { Runner } from './choose-runner.ts';
import { MACHINE_REGION } from './config-regions.ts';
import type { Home } from './home.ts';
import type { CreateSessionOptions, ExecOptions, SavedSession, Sessions } from './sessions-face.ts';

type Warned = Pick<SavedSession, 'warnings'>;

/** Milliseconds: long enough to think about what an agent has done. */
const DEFAULT_IDLE = 30 * 60 * 1000;

/** Loaded by the first call: most commands have nothing to do with sessions. */
const room = () => import('../session/index.ts');

export function sessionsOf(home: Home, onDue?: EngineOptions['onDue']): Sessions {
  let isToldOfDue = false;
  let opening: Promise<ServeWorld> | undefined;
  const worldOf = async (options: Cancellable): Promise<ServeWorld> => {
    const { homeRunner, sessionWorld } = await import('./session-world.ts');
    const world = await (opening ??= sessionWorld(home, homeRunner(home), options).catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
    const { doWhatIsQuick, isSlowDue } = await room();
    await doWhatIsQuick(world);
    if (!isToldOfDue && onDue !== undefined && (await isSlowDue(world))) {
      isToldOfDue = true;
      onDue(world.runner.name);
    }
    return world;
  };
  const show = async (world: ServeWorld, session: string): Promise<SessionInfo> =>
    (await room()).showSession(world, session);
  const existing = async (session: string, options: Cancellable) => {
    // A mistyped name must not make a home.
    await home.records(options);
    const world = await worldOf(options);
    const { getLiveSession } = await room();
    return { world, row: await getLiveSession(world.database.kysely, world.tenant, session) };
  };

  /** For what is not in the configuration no runner can be started. @throws bad_input */
  const checkRegion = ({ region }: { readonly region?: string | undefined }) =>
    region === undefined ? undefined : void home.regions.place(region);

  return {
    async create(options = {}) {
      checkRegion(options);
      const world = await worldOf(options);
      const { checkNewSession, createSession, newSessionId } = await room();
      const runner = await runnerFor(world, options);
      const wish = newSession(home, newSessionId(systemRandom), runner, options);
      checkNewSession(wish);
      const from = options.from === undefined ? undefined : await originOf(home, options.from, wish, options);
      await at(world, runner, 'create', { wish, from }, options, () =>
        createSession(world, wish, from, options),
      );
      return show(world, wish.id);
    },

    async exec(session, words, options) {
      const { world, row } = await existing(session, options);
      const { execInSession } = await room();
      const runner = await runnerById(world, row.runner);
      const { signal: _, onOutput, stdin, ...rest } = options;
      const request = { session: row.id, words, hasInput: stdin !== undefined, options: rest };
      return at<ExecResult, 'exec'>(world, runner, 'exec', request, { ...options, onOutput, stdin }, () =>
        execInSession(world, row.id, words, options),
      );
    },

    async suspend(session, options = {}) {
      const { world, row } = await existing(session, options);
      const { suspendSession, syncSession } = await room();
      const runner = await runnerById(world, row.runner ?? row.last_runner);
      // What could not be saved then is tried again now.
      const isToSync = row.state === 'suspended' && (row.unsaved === 1 || row.durability === 'uploaded');
      const request = { session: row.id };
      if (isToSync) {
        await at(world, runner, 'sync', request, options, () => syncSession(world, row.id, options));
        return { ...(await show(world, row.id)), warnings: [] };
      }
      const { warnings } = await at<Warned, 'suspend'>(world, runner, 'suspend', request, options, () =>
        suspendSession(world, row.id, options),
      );
      return { ...(await show(world, row.id)), warnings };
    },

    async resume(session, options = {}) {
      checkRegion(options);
      const { world, row } = await existing(session, options);
      const { resumeSession } = await room();
      const runner = await runnerToResume(world, row, options);
      const request = { session: row.id, acceptLoss: options.acceptLoss === true };
      await at(world, runner, 'resume', request, options, () => resumeSession(world, row.id, options));
      return show(world, row.id);
    },

    async checkpoint(session, options = {}) {
      const { world, row } = await existing(session, options);
      const { checkpointSession } = await room();
      const runner = await runnerById(world, row.runner);
      const request = { session: row.id, message: options.message };
      return at<Checkpoint, 'checkpoint'>(world, runner, 'checkpoint', request, options, () =>
        checkpointSession(world, row.id, options),
      );
    },

    async restore(ref, options = {}) {
      const { world, row } = await existing(parseRef(ref).workspace, options);
      const { restoreSession, restoredChanges } = await room();
      const here = () => restoreSession(world, ref, options);
      const runner = await runnerById(world, row.runner);
      const restored =
        options.dryRun === true
          ? await here()
          : await at<SessionRestore, 'restore'>(world, runner, 'restore', { ref }, options, here);
      return { ...restored, ...(await restoredChanges(world, restored, options)) };
    },

    async fork(ref, options = {}) {
      checkRegion(options);
      const { world, row } = await existing(parseRef(ref).workspace, options);
      const { forkSession, labelsOf, newSessionId } = await room();
      const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
      const wish = {
        ...newSession(home, newSessionId(systemRandom), undefined, {
          ...inherited(row),
          labels: labelsOf(row),
          ...given,
        }),
        storeRegion: row.store_region,
      };
      // Nothing is copied, so it is where the first one is.
      if (wish.mobility !== 'local' && row.store_region === MACHINE_REGION) throw onThisMachine(row.name);
      const { snapshot } = parseRef(ref);
      const wanted = snapshot === undefined ? row.name : `${row.name}@${snapshot}`;
      await forkSession(world, wanted, { ...wish, region: options.region ?? row.region }, options);
      return show(world, wish.id);
    },

    async hold(session, held, options = {}) {
      const { world, row } = await existing(session, options);
      await (await room()).holdSession(world, row.id, held ? 1 : 0);
      return show(world, row.id);
    },

    async terminate(session, options = {}) {
      const { world, row } = await existing(session, options);
      const { terminateSession } = await room();
      const { discard = false, retention } = options;
      const runner = await runnerById(
        world,
        row.runner ?? (row.unsaved === 1 && !discard ? row.last_runner : null),
      );
      const request = { session: row.id, discard, retention };
      const { warnings } = await at<Warned, 'terminate'>(world, runner, 'terminate', request, options, () =>
        terminateSession(world, row.id, options),
      );
      return { ...(await show(world, row.id)), warnings };
    },

    async undelete(session, options = {}) {
      const { world, row } = await existing(session, options);
      await (await room()).undeleteSession(world, row.id);
      return show(world, row.id);
    },

    async list(options = {}) {
      if (!(await home.exists())) return [];
      return (await room()).listSessions(await worldOf(options), options);
    },

    async get(session, options = {}) {
      await home.records(options);
      return show(await worldOf(options), session);
    },

    async runners(options = {}) {
      if (!(await home.exists())) return [];
      const world = await worldOf(options);
      return (await room()).listRunners(world.database.kysely, world.clock());
    },
  };
}

/** Does something on the runner that has to do it: here, if that is the home, else by asking its process. */
async function at<Answer, Kind extends RequestKind>(
  world: ServeWorld,
  runner: Pick<RunnerTable, 'id' | 'name'>,
  kind: Kind,
  request: RequestArguments[Kind],
  options: Cancellable & Partial<Pick<ExecOptions, 'onOutput' | 'stdin'>>,
  here: () => Promise<Answer>,
): Promise<Answer> {
  if (runner.id === world.runner.id) return here();
  const { ask } = await room();
  const { signal, onOutput, stdin } = options;
  return ask<Answer>(world, runner, kind, request, { signal, onOutput, stdin });
}

function newSession(
  home: Home,
  id: string,
  runner: Runner | undefined,
  options: CreateSessionOptions,
): NewSession {
  const { mobility = 'local', storageType = 'volume', retention } = options;
  const region = runner?.region ?? options.region ?? home.config.runner.region;
  return {
    id,
    name: options.name ?? id,
    agent: options.agent ?? '',
    storageType,
    mobility,
    // What is not to leave the machine stays in the chunk store that is on it.
    storeRegion: mobility === 'local' ? home.regions.local : (options.region ?? region),
    region,
    quotaMb: options.quotaMb ?? home.config.storage.workspace.defaultQuotaMb,
    idleTimeout: options.idleTimeout ?? DEFAULT_IDLE,
    retention,
    checkpointEach: options.checkpointEach ?? false,
    labels: options.labels ?? {},
  };
}

/** A fork is like what it is one of, unless something else is wanted. */
function inherited(
  row: Awaited<ReturnType<typeof import('../session/index.ts').getLiveSession>>,
): CreateSessionOptions {
  return {
    agent: row.agent,
    quotaMb: row.quota_mb,
    mobility: row.mobility,
    storageType: row.storage_type,
    idleTimeout: row.idle_timeout,
    retention: row.retention_requested ?? undefined,
    checkpointEach: row.checkpoint_each === 1,
  };
}

/** @throws bad_input; workspace_not_found; what there is to say of a run */
async function originOf(
  home: Home,
  ref: string,
  { storeRegion }: NewSession,
  options: Cancellable,
): Promise<Origin> {
  if (namesRun(ref)) return { ref, isNear: false };
  const { workspace, path } = parseRef(ref);
  const { region } = await home.located(workspace, options);
  return { ref, isNear: region === storeRegion && path === undefined };
}

function onThisMachine(name: string): StrataError {
  return new StrataError(
    'refused',
    `what session ${name} has saved is on this machine alone: a fork is as well`,
    {
      hint: `\`strata sessions create --from ${name} --workspace-mobility object_sync\` copies it to where it can move.`,
      details: { session: name },
    },
  );
}
