import { onTestFinished, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import type { RunnerTable } from '../db/index.ts';
import { newSessionId } from './rows.ts';
import { ask } from './requests.ts';
import type { Checkpoint, ExecResult } from './results.ts';
import { serve } from './serve.ts';
import type { RequestArguments, ServeWorld } from './serve.ts';
import { openSessionHome } from './session.fixture.ts';
import { showSession } from './view.ts';

const LEASE = 60_000;

/** A runner at work in this process. @returns how it is ended */
function atWork(world: ServeWorld): () => Promise<void> {
  const stop = new AbortController();
  const serving = serve(world, { signal: stop.signal });
  const end = async () => {
    stop.abort(new Error('it is to end'));
    await serving;
  };
  onTestFinished(end);
  return end;
}

function wishFor(world: ServeWorld, name: string): RequestArguments['create'] {
  return {
    wish: {
      id: newSessionId(world.random),
      name,
      agent: '',
      storageType: 'volume',
      mobility: 'object_sync',
      storeRegion: 'default',
      region: world.runner.region,
      quotaMb: 64,
      idleTimeout: 0,
      retention: undefined,
      checkpointEach: false,
      labels: {},
    },
    from: undefined,
  };
}

function shell(session: string, script: string, hasInput = false): RequestArguments['exec'] {
  return { session, words: ['sh', '-c', script], hasInput, options: {} };
}

async function* parts(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

it('[N22] what is asked of a runner is as if it were done here', async () => {
  const { runner, contents } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: LEASE });
  atWork(east);
  const target: Pick<RunnerTable, 'id' | 'name'> = east.runner;
  await ask(home, target, 'create', wishFor(east, 'web'));
  expect(await showSession(home, 'web')).toMatchObject({ state: 'active', runner: 'east' });
  const printed: string[] = [];
  const result = await ask<ExecResult>(
    home,
    target,
    'exec',
    shell('web', 'cat > a; echo out; echo err >&2; exit 3', true),
    {
      stdin: parts('one ', 'two'),
      onOutput: (bytes, stream) => void printed.push(`${stream} ${Buffer.from(bytes).toString()}`),
    },
  );
  expect(result).toMatchObject({ exitCode: 3 });
  expect(printed.toSorted()).toEqual(['stderr err\n', 'stdout out\n']);
  expect(await contents(east, 'web')).toEqual({ a: 'one two' });
  const checkpoint = await ask<Checkpoint>(home, target, 'checkpoint', { session: 'web', message: 'mine' });
  expect(checkpoint).toMatchObject({ snapshot: 2, message: 'mine', durability: 'durable' });
  await ask(home, target, 'suspend', { session: 'web' });
  await ask(home, target, 'resume', { session: 'web', acceptLoss: false });
  await ask(home, target, 'restore', { ref: 'web@1' });
  expect(await contents(east, 'web')).toEqual({});
  await expectCode('session_not_found', ask(home, target, 'suspend', { session: 'other' }));
  await expectCode('conflict', ask(home, target, 'resume', { session: 'web', acceptLoss: false }));
  await ask(home, target, 'terminate', { session: 'web', discard: false, retention: undefined });
  expect(await showSession(home, 'web')).toMatchObject({ state: 'terminated', snapshot: 6 });
  expect(await home.database.kysely.selectFrom('session_requests').selectAll().execute()).toEqual([]);
});

it('[N22] a cancellation reaches the command', async () => {
  const { runner } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: LEASE });
  atWork(east);
  await ask(home, east.runner, 'create', wishFor(east, 'web'));
  const cancel = new AbortController();
  const running = ask(home, east.runner, 'exec', shell('web', 'echo begun; sleep 1000'), {
    signal: cancel.signal,
    onOutput: () => cancel.abort(new Error('Ctrl-C')),
  });
  await expectCode('cancelled', running);
  expect((await showSession(home, 'web')).runningTasks).toBe(0);
});

it('[N22] a runner that is gone is unavailable', async () => {
  const { runner, database } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: LEASE });
  await database.kysely.updateTable('runners').set({ holder: null }).where('name', '=', 'east').execute();
  await expectCode('unavailable', ask(home, east.runner, 'create', wishFor(east, 'web')));
});

it('[N23] a runner that is ended suspends what is at work on it, commands and all', async () => {
  const { runner } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: LEASE });
  const end = atWork(east);
  await ask(home, east.runner, 'create', wishFor(east, 'web'));
  let begun = (): void => undefined;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const running = ask(home, east.runner, 'exec', shell('web', 'echo 1 > a; echo begun; sleep 1000'), {
    onOutput: begun,
  });
  const outcome = expectCode('interrupted', running);
  await hasBegun;
  await end();
  await outcome;
  expect(await showSession(home, 'web')).toMatchObject({ state: 'suspended', synced: true, snapshot: 2 });
});
