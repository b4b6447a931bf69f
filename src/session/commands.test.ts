import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { StrataError, thisProcess } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { doWhatIsQuick } from './due.ts';
import { resumeSession } from './resume.ts';
import { openSessionHome } from './session.fixture.ts';
import { suspendSession } from './suspend.ts';
import { listSessions, showSession } from './view.ts';

describe('[N3] commands', () => {
  it('have the workspace at /workspace in a sandbox, and see no other session', async () => {
    const { runner, create, exec } = await openSessionHome('watch', 'auto');
    const home = await runner();
    await create(home, 'web');
    await create(home, 'other');
    await exec(home, 'other', 'echo secret > s');
    const { output } = await exec(
      home,
      'web',
      `pwd; echo "$STRATA_WORKSPACE"; ls -A; ls ${home.runner.base_dir} 2>&1; echo x > x`,
    );
    const [first, second, ...rest] = output.trim().split('\n');
    expect([first, second]).toEqual(['/workspace', '/workspace']);
    expect(rest.join('\n')).not.toContain('session-');
    expect((await exec(home, 'web', 'cat x')).output).toBe('x\n');
  });

  it('share the directory when several run at once', async () => {
    const { runner, create, exec, contents } = await openSessionHome();
    const home = await runner();
    await create(home, 'web');
    await Promise.all(Array.from({ length: 4 }, (_, n) => exec(home, 'web', `echo ${n} > f${n}`)));
    expect(Object.keys(await contents(home, 'web')).toSorted()).toEqual(['f0', 'f1', 'f2', 'f3']);
  });

  it('are recorded, with their words sealed', async () => {
    const { runner, create, exec, database, world } = await openSessionHome();
    const home = await runner();
    await create(home, 'web');
    await exec(home, 'web', 'echo hush-hush; exit 7');
    const [row] = await database.kysely.selectFrom('session_tasks').selectAll().execute();
    expect(row).toMatchObject({ number: 1, status: 'ended', exit_code: 7, executor: 'host' });
    expect(Buffer.from(row!.command!).toString('latin1')).not.toContain('hush');
    const plain = world.vault.openRow(`session-task/${row!.id}`, row!.command!);
    expect(JSON.parse(Buffer.from(plain).toString())).toEqual(['sh', '-c', 'echo hush-hush; exit 7']);
  });
});

it('[N4] a suspension ends commands that do not want to, and saves what they have written', async () => {
  const { runner, create, exec, contents } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  const running = exec(home, 'web', "trap '' TERM; echo 1 > a; while :; do sleep 0.1; done");
  const outcome = expectCode('interrupted', running);
  while ((await contents(home, 'web'))['a'] !== '1\n')
    await new Promise((resolve) => setTimeout(resolve, 30));
  await suspendSession(home, 'web');
  await outcome;
  expect(await showSession(home, 'web')).toMatchObject({ state: 'suspended', runningTasks: 0, synced: true });
  await resumeSession(home, 'web');
  expect(await contents(home, 'web')).toEqual({ a: '1\n' });
}, 60_000);

it('[N3] starts below the workspace, and nowhere else', async () => {
  const { runner, create, exec, filesOf } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  const files = await filesOf(home, 'web');
  await exec(home, 'web', 'mkdir -p src/deep');
  for (const workingDir of ['src', `${files}/src`, 'src/deep/..'])
    expect((await exec(home, 'web', 'pwd', { workingDir })).output).toBe(`${files}/src\n`);
  for (const workingDir of ['..', '/tmp', `${files}x`, 'src/../../up'])
    await expectCode('bad_input', exec(home, 'web', 'pwd', { workingDir }));
  expect((await showSession(home, 'web')).runningTasks).toBe(0);
});

it('[N19] one whose process was killed has ended for the next who looks, and that is told', async () => {
  const { runner, create, events, database } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  const { id: session } = await database.kysely.selectFrom('sessions').select('id').executeTakeFirstOrThrow();
  const task = { id: 'task-1', session, number: 1, command: null, status: 'running' as const };
  const dead = spawnSync('sh', ['-c', 'echo $$']).stdout.toString().trim();
  const holder = thisProcess().replace(/^\d+/, dead);
  const facts = {
    exit_code: null,
    runner: home.runner.id,
    executor: 'host',
    started: 1,
    ended: null,
    snapshot: null,
  };
  await database.kysely
    .insertInto('session_tasks')
    .values({ ...task, ...facts, holder, place: join(home.tasksDirectory, 'task-1') })
    .execute();
  // Where what is left of it cannot be ended, nobody else has to do without an answer.
  const openExecutor = async () => Promise.reject(new StrataError('unavailable', 'podman is gone'));
  await doWhatIsQuick({ ...home, openExecutor });
  expect((await showSession(home, 'web')).runningTasks).toBe(1);
  await doWhatIsQuick(home);
  expect((await showSession(home, 'web')).runningTasks).toBe(0);
  expect(await events()).toContain('task.ended web');
});

describe('[N15] a quota', () => {
  it.each(['watch', 'filesystem'] as const)(
    'kept by %s stops or refuses who is over it, and tells what is large',
    async (means) => {
      const { runner, create, exec } = await openSessionHome(means);
      const home = await runner();
      await create(home, 'web', { quotaMb: 24 });
      await exec(home, 'web', 'echo kept > kept');
      const full = await exec(
        home,
        'web',
        'mkdir d; for n in $(seq 2000); do dd if=/dev/zero of=d/big bs=1M count=1 oflag=append conv=notrunc status=none || exit 9; sleep 0.01; done',
      );
      expect(full.exitCode).not.toBe(0);
      expect(full.quota).toMatchObject({
        limitBytes: 24 * 1024 * 1024,
        biggest: [{ path: 'd/big' }, { path: 'kept' }],
      });
      expect(full.quota!.usedBytes).toBeLessThanOrEqual((24 + 16) * 1024 * 1024);
      await suspendSession(home, 'web');
      expect(await showSession(home, 'web')).toMatchObject({ synced: true, quotaMeans: means });
      if (full.quota!.usedBytes > full.quota!.limitBytes) return;
      await resumeSession(home, 'web');
      expect((await exec(home, 'web', 'cat kept; rm d/big; echo more > more')).output).toBe('kept\n');
    },
  );

  it.each(['off', 'auto'] as const)(
    'that is watched is hardly exceeded by whoever writes as fast as memory, in a sandbox: %s',
    async (sandbox) => {
      const { runner, create, exec } = await openSessionHome('watch', sandbox);
      const home = await runner();
      await create(home, 'web', { quotaMb: 64 });
      const writer = 'dd if=/dev/zero of=big bs=256K count=100000 status=none';
      const full = await exec(home, 'web', `${writer} & wait`, { sandbox });
      expect(full).toMatchObject({ exitCode: 137, quota: { stopped: true } });
      // On a quiet machine 16 MB more at most; here others are at work, and it may come late. Not stopped, it writes gigabytes in its grace.
      expect(full.quota!.usedBytes).toBeLessThanOrEqual((64 + 192) * 1024 * 1024);
    },
  );

  it('keeps what is larger than it from being resumed', async () => {
    const { runner, create, filesOf } = await openSessionHome();
    const home = await runner();
    await create(home, 'web', { quotaMb: 4 });
    writeFileSync(`${await filesOf(home, 'web')}/big`, Buffer.alloc(3 * 1024 * 1024, 7));
    await suspendSession(home, 'web');
    await home.database.kysely.updateTable('sessions').set({ quota_mb: 2 }).execute();
    await expectCode('quota_exceeded', resumeSession(home, 'web'));
    expect((await showSession(home, 'web')).state).toBe('suspended');
  });
});

it('[N25] what cannot be meant is refused, and nothing is made', async () => {
  const { runner, create } = await openSessionHome();
  const home = await runner();
  for (const wish of [
    { quotaMb: 0 },
    { quotaMb: -1 },
    { quotaMb: 1.5 },
    { quotaMb: Number.MAX_SAFE_INTEGER },
    { name: '../up' },
    { name: 'session-0123456789ab' },
    { name: 'run-0123456789ab' },
    { labels: { '': 'x' } },
    { labels: { a: 'line\nbreak' } },
    { agent: 'x'.repeat(1000) },
  ])
    await expectCode('bad_input', create(home, 'web', wish));
  await create(home, 'web');
  await expectCode('already_exists', create(home, 'web'));
  expect(await listSessions(home)).toHaveLength(1);
});

it('[N26] tenants see nothing of each other', async () => {
  const { runner, create } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  const other = { ...home, tenant: 'other' };
  expect(await listSessions(other)).toEqual([]);
  await expectCode('session_not_found', suspendSession(other, 'web'));
});

it('[N21] what happens is told in its order', async () => {
  const { runner, create, exec, events } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'true');
  await suspendSession(home, 'web');
  await resumeSession(home, 'web');
  expect((await events()).filter((each) => each.endsWith(' web'))).toEqual([
    'session.created web',
    'session.active web',
    'task.started web',
    'task.ended web',
    'session.suspending web',
    'session.suspended web',
    'session.synced web',
    'session.resuming web',
    'session.active web',
  ]);
});
