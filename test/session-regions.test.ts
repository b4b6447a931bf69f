/** A session that crosses regions, each with a store on a cluster of its own and a runner; and what may go wrong on the way. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';

import { keysIn } from '../src/engine/bucket.fixture.ts';
import { describeWith } from '../src/testing/need.ts';
import { startRadosgw } from '../src/testing/radosgw.ts';
import type { Radosgw } from '../src/testing/radosgw.ts';
import { NUMBER, openCommandLine } from './command-line.fixture.ts';
import { until } from './poll.fixture.ts';
import { startStrata } from './started.fixture.ts';
import type { Started } from './started.fixture.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

interface Told {
  readonly state: string;
  readonly synced: boolean;
  readonly reason: string | null;
  readonly conflicts: readonly string[];
}

/** Short for a test, long enough for a machine that has other things to do. */
const LEASE = '5s';
const REGIONS = { west: 'us-west-2', east: 'eu-west-1' } as const;
type Name = keyof typeof REGIONS;

const { base, options, strata, answer, failure, write, remove } = openCommandLine();
const services: Partial<Record<Name, Radosgw>> = {};
const runners: Partial<Record<Name, Started>> = {};

const get = (session: string) => answer('sessions', 'get', session) as Told;
function sh(session: string, script: string): string {
  const { status, stdout, stderr } = strata('sessions', 'exec', session, '--', 'sh', '-ec', script);
  expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: '' });
  return stdout;
}

async function startRunner(name: Name): Promise<void> {
  const place = ['--region', REGIONS[name], '--base-dir', name, '--lease', LEASE];
  runners[name] = startStrata(options, 'runner', '--name', name, ...place);
  await runners[name].said(/ is ready/);
}

const signal = (name: Name, kind: NodeJS.Signals) => runners[name]!.process.kill(kind);

/** Who sleeps in the middle of a write keeps the database from everybody on the machine. */
async function stopBetweenWrites(name: Name): Promise<void> {
  const stop = () => {
    signal(name, 'SIGSTOP');
    try {
      using database = new DatabaseSync(join(base, 'home/db/strata.db'), { timeout: 5000 });
      database.exec('BEGIN IMMEDIATE; ROLLBACK');
      return true;
    } catch {
      signal(name, 'SIGCONT');
      return false;
    }
  };
  await until(stop, (stopped) => stopped);
}

function create(session: string, ...flags: readonly string[]): void {
  const mobility = flags.length > 0 ? [] : ['--workspace-mobility', 'object_sync'];
  answer(
    'sessions',
    'create',
    '--name',
    session,
    '--agent',
    'claude',
    '--runner',
    'west',
    ...mobility,
    ...flags,
  );
}

/** In eu-west-1, with one file, which is in a checkpoint. */
function createInEast(session: string): void {
  create(session);
  sh(session, 'echo 1 > saved');
  answer('sessions', 'suspend', session);
  answer('sessions', 'resume', session, '--region', 'eu-west-1');
}

describeWith(['radosgw'], 'two regions', () => {
  beforeAll(async () => {
    // What is in the one outlives its processes.
    services.west = await startRadosgw('bluestore');
    services.east = await startRadosgw();
    const { accessKeyId, secretAccessKey } = services.west.credentials;
    Object.assign(options.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    const regions: Record<string, object> = {};
    for (const [name, region] of Object.entries(REGIONS)) {
      const service = services[name as Name]!;
      await service.bucket(`workspaces-${name}`);
      const { endpoint } = service;
      regions[region] = { provider: 's3', s3: { bucket: `workspaces-${name}`, region, endpoint } };
    }
    const storage = { limits: { retry_seconds: 2 }, workspace: { quota_means: 'watch' } };
    write('home/strata.yaml', JSON.stringify({ storage, runner: { region: 'us-west-2' }, regions }));
    // Makes the home.
    answer('sessions', 'runners');
    await startRunner('west');
  });
  beforeEach(async () => {
    const east = runners.east?.process;
    if (east === undefined || east.exitCode !== null || east.signalCode !== null) await startRunner('east');
  });
  afterAll(async () => {
    for (const runner of Object.values(runners)) {
      runner.process.kill('SIGKILL');
      await runner.ended;
    }
    for (const service of Object.values(services)) await service[Symbol.asyncDispose]();
    remove();
  });

  it('“Session active in us-west-2 (workspace on local volume)” → “suspended, synced to S3” → “resumed in eu-west-1, restored from S3”', async () => {
    create('trip');
    expect(get('trip')).toMatchObject({
      state: 'active',
      region: 'us-west-2',
      runner: 'west',
      storageType: 'volume',
      directory: expect.stringContaining(join(base, 'west', 'session-')),
    });
    sh(
      'trip',
      'mkdir src; echo "package main" > src/main.go; seq 100000 > numbers; chmod 750 src; ln -s src/main.go link',
    );
    const before = await keysIn(services.west!, 'workspaces-west');
    expect(answer('sessions', 'suspend', 'trip')).toMatchObject({
      state: 'suspended',
      synced: true,
      durability: 'durable',
      runner: null,
      storeRegion: 'us-west-2',
    });
    expect((await keysIn(services.west!, 'workspaces-west')).length).toBeGreaterThan(before.length);
    expect(answer('sessions', 'resume', 'trip', '--region', 'eu-west-1')).toMatchObject({
      state: 'active',
      region: 'eu-west-1',
      runner: 'east',
      directory: expect.stringContaining(join(base, 'east', 'session-')),
    });
    expect(sh('trip', 'pwd; cat link; seq 100000 | cmp - numbers; stat -c %a src; ls -A')).toBe(
      '/workspace\npackage main\n750\nlink\nnumbers\nsrc\n',
    );
    sh('trip', 'rm numbers; echo back > back');
    answer('sessions', 'suspend', 'trip');
    answer('sessions', 'resume', 'trip', '--region', 'us-west-2');
    expect(sh('trip', 'cat back; ls')).toBe('back\nback\nlink\nsrc\n');
  });

  it('“local: Pinned to specific runner/node”', () => {
    create('pinned', '--workspace-mobility', 'local');
    answer('sessions', 'suspend', 'pinned');
    expect(failure('sessions', 'resume', 'pinned', '--runner', 'east')).toMatchObject({
      status: 3,
      code: 'workspace_pinned',
      hint: expect.stringContaining('--runner west'),
    });
    expect(answer('sessions', 'resume', 'pinned')).toMatchObject({ runner: 'west' });
  });

  it('“shared: Accessible from any runner in same region”', () => {
    create('near', '--workspace-mobility', 'shared');
    sh('near', 'echo near > near');
    answer('sessions', 'suspend', 'near');
    expect(failure('sessions', 'resume', 'near', '--runner', 'east')).toMatchObject({
      status: 3,
      code: 'region_mismatch',
      hint: expect.stringContaining('--region us-west-2'),
    });
    expect(answer('sessions', 'resume', 'near', '--runner', 'home')).toMatchObject({
      runner: 'home',
      region: 'us-west-2',
    });
    expect(sh('near', 'cat near')).toBe('near\n');
  });

  it('[N9] a runner that is killed: suspended when its lease is over, refused elsewhere, and going on when it is back', async () => {
    createInEast('killed');
    sh('killed', 'echo 2 > unsaved');
    signal('east', 'SIGKILL');
    await runners.east!.ended;
    expect(
      await until(
        () => get('killed'),
        ({ state }) => state === 'suspended',
      ),
    ).toMatchObject({
      reason: 'runner_lost',
      synced: false,
      lastRunner: 'east',
    });
    expect(failure('sessions', 'resume', 'killed', '--runner', 'west')).toMatchObject({
      status: 6,
      code: 'not_synced',
      message: expect.stringMatching(
        /^runner east has files of session killed that are not saved \(runner_lost\); the last checkpoint, killed@2, is \d+ s old$/,
      ),
      hint: expect.stringContaining('--accept-loss'),
    });
    await startRunner('east');
    // It saves what it has by itself, so that the session may be busy for a moment.
    await until(
      () => strata('sessions', 'resume', 'killed', '--runner', 'east').status,
      (status) => status === 0,
    );
    expect(sh('killed', 'cat saved unsaved')).toBe('1\n2\n');
    expect(get('killed')).toMatchObject({ state: 'active', runner: 'east', reason: null, conflicts: [] });
  });

  it('[N10] a runner that sleeps past its lease: what it has is kept as a conflict, and nothing of it is merged', async () => {
    createInEast('slept');
    sh('slept', 'echo old > saved; echo stale > stale');
    await stopBetweenWrites('east');
    // It is asked for a checkpoint that it would make too late.
    using late = startStrata(options, '--json', 'sessions', 'checkpoint', 'slept');
    await until(
      () => get('slept'),
      ({ state }) => state === 'suspended',
    );
    expect(failure('sessions', 'resume', 'slept', '--runner', 'west').code).toBe('not_synced');
    expect(answer('sessions', 'resume', 'slept', '--runner', 'west', '--accept-loss')).toMatchObject({
      state: 'active',
      runner: 'west',
    });
    expect(sh('slept', 'ls; cat saved; echo fresh > fresh')).toBe('saved\n1\n');
    signal('east', 'SIGCONT');
    expect(await late.ended).not.toMatchObject({ status: 0 });
    const { conflicts } = await until(
      () => get('slept'),
      (told) => told.conflicts.length > 0,
    );
    expect(conflicts).toEqual([expect.stringMatching(/^slept\.conflict-\d+$/)]);
    expect(strata('workspaces', 'cat', `${conflicts[0]}:stale`).stdout).toBe('stale\n');
    expect(strata('workspaces', 'cat', `${conflicts[0]}:saved`).stdout).toBe('old\n');
    expect(sh('slept', 'ls; cat saved')).toBe('fresh\nsaved\n1\n');
    answer('sessions', 'suspend', 'slept');
    const { snapshots } = answer('sessions', 'log', 'slept') as { snapshots: { snapshot: number }[] };
    expect(snapshots.map(({ snapshot }) => snapshot)).toEqual([3, 2, 1]);
    expect(strata('sessions', 'ls', 'slept').stdout).not.toContain('stale');
    expect(get('slept')).toMatchObject({ synced: true, conflicts });
  });

  it('[N6] S3 that is gone at a suspension and back later: suspended, not synced, then synced by the runner itself', async () => {
    create('cut');
    sh('cut', 'echo 1 > a');
    await services.west!.kill();
    expect(answer('sessions', 'suspend', 'cut')).toMatchObject({
      state: 'suspended',
      synced: false,
      durability: 'local',
      reason: expect.stringMatching(/^store_unavailable: /),
      snapshot: NUMBER,
    });
    expect(failure('sessions', 'resume', 'cut', '--runner', 'east').code).toBe('not_synced');
    await services.west!.revive();
    expect(
      await until(
        () => get('cut'),
        ({ synced }) => synced,
      ),
    ).toMatchObject({
      state: 'suspended',
      durability: 'durable',
      reason: null,
    });
    expect(answer('sessions', 'resume', 'cut', '--runner', 'east')).toMatchObject({ runner: 'east' });
    expect(sh('cut', 'cat a')).toBe('1\n');
  });
});
