/** A home with runners, in which sessions live; and what their directories have. */

import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { StrataError } from '../base/index.ts';
import { hostExecutor, podmanExecutor } from '../exec/index.ts';
import { chooseMeans, meansNamed } from '../quota/index.ts';
import type { MeansName } from '../quota/index.ts';
import { openTestHome } from '../testing/home.ts';
import type { TestHome } from '../testing/home.ts';
import { readEvents } from '../workspace/index.ts';
import { createSession } from './create.ts';
import { execInSession } from './exec.ts';
import type { TaskOptions } from './exec.ts';
import type { NewSession } from './new-session.ts';
import { SessionPlace } from './place.ts';
import { newSessionId } from './rows.ts';
import { becomeRunner } from './runner-rows.ts';
import type { ServeWorld } from './serve.ts';
import { showSession } from './view.ts';
import type { SessionWorld } from './world.ts';

export const HOUR = 60 * 60 * 1000;
export const DAY = 24 * HOUR;

export interface RunnerChoice {
  /** Milliseconds; undefined: it is the home. */
  readonly lease?: number | undefined;
  readonly region?: string;
  readonly baseDir?: string;
}

export type SessionHome = ReturnType<typeof sessionHomeOf>;

/** Where a quota is not the point it is watched, which makes no file systems; nor is anything isolated then. */
export async function openSessionHome(means: MeansName = 'watch', sandbox: 'auto' | 'off' = 'off') {
  const home = await openTestHome();
  const opened = sessionHomeOf(home, means, sandbox);
  onTestFinished(async () => {
    await opened.putAway();
    await home[Symbol.asyncDispose]();
  });
  return opened;
}

export function sessionHomeOf(
  home: Omit<TestHome, typeof Symbol.asyncDispose>,
  means: MeansName = 'watch',
  sandbox: 'auto' | 'off' = 'off',
) {
  let ahead = 0;
  let slept = 0;
  let isAway = false;
  const clock = () => Date.now() + ahead;
  const monotonic = () => ({ boot: 'one', milliseconds: Math.round(performance.now() + slept) });
  const base = { ...home.world, clock };
  const tasksDirectory = join(home.place, 'tasks');

  const worlds: ServeWorld[] = [];
  const runner = async (name = 'home', choice: RunnerChoice = {}): Promise<ServeWorld> => {
    const { lease, region = 'default', baseDir = join(home.place, `base-${name}`) } = choice;
    const rows = { database: home.database, clock, random: base.random, tenant: 'default', monotonic };
    const self = await becomeRunner(rows, { name, region, baseDir, lease });
    const store = async () => {
      if (isAway) throw new StrataError('unavailable', 'the store is away');
      return base;
    };
    const world: ServeWorld = {
      ...rows,
      runner: self,
      storeOf: store,
      nearest: async (ref) => ({ world: await store(), ref }),
      openExecutor: ({ kind, sandbox: wish }) =>
        kind === 'podman'
          ? podmanExecutor({ environment: process.env })
          : hostExecutor({
              sandbox: wish === 'auto' ? sandbox : wish,
              bind: [],
              hidden: [home.place],
              environment: process.env,
            }),
      means: async (known) => (known === undefined ? chooseMeans(self.base_dir, means) : meansNamed(known)),
      tasksDirectory,
      requestsDirectory: join(home.place, 'requests'),
      retention: { min: DAY, default: 7 * DAY, max: 30 * DAY },
    };
    worlds.push(world);
    return world;
  };

  const create = async (world: SessionWorld, name: string, wish: Partial<NewSession> = {}, from?: string) => {
    await createSession(
      world,
      {
        id: newSessionId(base.random),
        name,
        agent: 'claude',
        storageType: 'volume',
        mobility: 'object_sync',
        storeRegion: 'default',
        region: world.runner.region,
        quotaMb: 64,
        idleTimeout: HOUR / 2,
        retention: undefined,
        checkpointEach: false,
        labels: {},
        ...wish,
      },
      from === undefined ? undefined : { ref: from, isNear: true },
    );
    return showSession(world, name);
  };

  const exec = async (
    world: SessionWorld,
    name: string,
    script: string,
    options: Partial<TaskOptions> = {},
  ) => {
    let output = '';
    const result = await execInSession(world, name, ['sh', '-c', script], {
      onOutput: (bytes) => void (output += Buffer.from(bytes).toString()),
      ...options,
    });
    return { ...result, output };
  };

  const filesOf = async (world: SessionWorld, name: string) => {
    const session = await world.database.kysely
      .selectFrom('sessions')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    const { directory } = await new SessionPlace(world, session).open({});
    return directory;
  };

  return {
    place: home.place,
    world: base,
    database: home.database,
    store: home.store,
    vault: home.vault,
    runner,
    create,
    exec,
    /** What is mounted would outlive the test. */
    async putAway() {
      const sessions = await home.database.kysely.selectFrom('sessions').selectAll().execute();
      for (const world of worlds)
        for (const session of sessions) await new SessionPlace(world, session).close({});
    },
    /** Where the files of a session are on a runner. */
    filesOf,
    /** Relative paths with what is in the files; directories end with `/`. */
    contents: async (world: SessionWorld, name: string) => contentsOf(await filesOf(world, name)),
    /** Time goes by. */
    pass: (milliseconds: number) => {
      ahead += milliseconds;
      slept += milliseconds;
    },
    /** Somebody sets the clock. */
    leap: (milliseconds: number) => void (ahead += milliseconds),
    storeIsAway: (away: boolean) => void (isAway = away),
    events: async () => {
      const kinds: string[] = [];
      for await (const { kind, session } of readEvents(home.database.kysely, 'default'))
        kinds.push(session === undefined ? kind : `${kind} ${session}`);
      return kinds;
    },
    /** Of the store as files. */
    moveStore: (from: string, to: string) => renameSync(join(home.place, from), join(home.place, to)),
  };
}

export function contentsOf(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (entry.isDirectory()) found[`${name}/`] = '';
    else found[name] = entry.isFile() ? readFileSync(path, 'utf8') : '?';
  }
  return found;
}

export function put(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, '..'), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}
