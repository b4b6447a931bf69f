/** What is promised of the files of a session: each sentence, row and example stands in the name of what does it, at the command line. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { client, keysIn } from '../src/engine/bucket.fixture.ts';
import { describeWith } from '../src/testing/need.ts';
import { startRadosgw } from '../src/testing/radosgw.ts';
import type { Radosgw } from '../src/testing/radosgw.ts';
import { ISO, NUMBER, STRATA, openCommandLine } from './command-line.fixture.ts';
import { startStrata } from './started.fixture.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const MB = 1024 * 1024;

const LOCAL_STORAGE = `storage:
  workspace:
    base_dir: "/var/marionette/workspaces"
    default_quota_mb: 10240  # 10GB
`;

const S3_STORAGE = `storage:
  provider: s3
  s3:
    bucket: "marionette-workspaces"
    region: "us-west-2"
    prefix: "workspaces/"
`;

/** Less the comment behind a \`\\\`, which no shell takes for one. */
const CREATE = `mctl sessions create \\
  --agent claude \\
  --workspace-quota 20480 \\
  --workspace-mobility object_sync`;

interface Told {
  readonly name: string;
  readonly directory: string | null;
  readonly snapshot: number;
}

const { base, options, strata, answer, failure, write, remove } = openCommandLine();
const path = (...names: readonly string[]) => join(base, ...names);

/** What the command prints, which has to end well. */
function sh(session: string, script: string, ...flags: readonly string[]): string {
  const { status, stdout, stderr } = strata(...flags, 'sessions', 'exec', session, '--', 'sh', '-ec', script);
  expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: '' });
  return stdout;
}
const get = (session: string, ...flags: readonly string[]) =>
  answer(...flags, 'sessions', 'get', session) as Told;

beforeAll(() => {
  mkdirSync(path('bin'));
  symlinkSync(STRATA, path('bin/mctl'));
});
afterAll(remove);

describe('Local Storage', () => {
  it('base_dir: "/var/marionette/workspaces", default_quota_mb: 10240', () => {
    write('page.yaml', LOCAL_STORAGE);
    expect(answer('config', 'check', '--config', 'page.yaml')).toMatchObject({
      storage: { workspace: { baseDir: '/var/marionette/workspaces', defaultQuotaMb: 10_240 } },
    });
    write('local/strata.yaml', LOCAL_STORAGE.replace('"/var', `"${path('var')}`));
    const made = answer('--home', 'local', 'sessions', 'create', '--name', 'dev') as Told;
    expect(made).toMatchObject({ quotaMb: 10_240, mobility: 'local', storageType: 'volume' });
    expect(made.directory).toMatch(path('var/marionette/workspaces/session-'));
    expect(existsSync(made.directory!)).toBe(true);
  });

  it('“pvc: Kubernetes PersistentVolumeClaim” is refused where there is no cluster', () => {
    expect(failure('--home', 'local', 'sessions', 'create', '--storage-type', 'pvc')).toMatchObject({
      status: 2,
      code: 'bad_input',
      message: expect.stringContaining('Kubernetes'),
    });
  });

  it('“Workspace Synced (if object_sync)”: what is local is restored as well, and not called synced', () => {
    const local = ['--home', 'local'];
    sh('dev', 'echo kept > kept', ...local);
    expect(answer(...local, 'sessions', 'suspend', 'dev')).toMatchObject({
      state: 'suspended',
      synced: false,
      durability: 'local',
    });
    expect(answer(...local, 'sessions', 'resume', 'dev')).toMatchObject({ state: 'active' });
    expect(sh('dev', 'cat kept', ...local)).toBe('kept\n');
  });
});

describeWith(['radosgw'], 'S3 Storage', () => {
  let gateway: Radosgw;
  let session: Told;

  beforeAll(async () => {
    gateway = await startRadosgw();
    await gateway.bucket('marionette-workspaces');
    Object.assign(options.env, {
      AWS_ACCESS_KEY_ID: gateway.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: gateway.credentials.secretAccessKey,
    });
    write('home/strata.yaml', `${S3_STORAGE}    endpoint: ${gateway.endpoint}\n`);
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  /** What this home has sent to the store. */
  const bytesUp = () =>
    (answer('store', 'stats') as { traffic: { bytesUp: number } | null }).traffic?.bytesUp ?? 0;

  async function objects(): Promise<Map<string, Buffer>> {
    const s3 = await client(gateway);
    const found = new Map<string, Buffer>();
    for (const Key of await keysIn(gateway, 'marionette-workspaces')) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'marionette-workspaces', Key }));
      found.set(Key, Buffer.from(await Body!.transformToByteArray()));
    }
    s3.destroy();
    return found;
  }

  async function put(Key: string, Body: Uint8Array): Promise<void> {
    const s3 = await client(gateway);
    await s3.send(new PutObjectCommand({ Bucket: 'marionette-workspaces', Key, Body }));
    s3.destroy();
  }

  it('`mctl sessions create --agent claude --workspace-quota 20480 --workspace-mobility object_sync`', () => {
    const env = { ...options.env, PATH: `${path('bin')}:${options.env.PATH}` };
    const { status, stdout, stderr } = spawnSync('sh', ['-c', CREATE], {
      cwd: base,
      env,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const [, name] = /^created (session-[0-9a-f]{12})\n/.exec(stdout)!;
    expect(stdout).toMatch(/\n {2}agent +claude\n(.*\n)* {2}quota +0 B of 20\.0 GB at the last checkpoint, /);
    session = get(name!);
    expect(session).toMatchObject({
      state: 'active',
      agent: 'claude',
      quotaMb: 20_480,
      mobility: 'object_sync',
      storageType: 'volume',
      created: ISO,
      usedBytes: NUMBER,
    });
  });

  it('“Workspace Created (empty /workspace)”, and the session is told of it', () => {
    expect(sh(session.name, 'pwd; ls -A; echo $STRATA_WORKSPACE $STRATA_SESSION $STRATA_AGENT')).toBe(
      `/workspace\n/workspace ${session.name} claude\n`,
    );
  });

  it('“Persists across task executions”', () => {
    sh(session.name, 'mkdir src; echo "package main" > src/main.go; echo "module m" > go.mod');
    expect(sh(session.name, 'cat src/main.go; echo more >> go.mod')).toBe('package main\n');
    expect(sh(session.name, 'cat go.mod')).toBe('module m\nmore\n');
  });

  it('“Workspace Synced”, “Workspace Restored”; “Survives runner changes (suspend/resume)”', async () => {
    using other = startStrata(options, 'runner', '--name', 'other', '--base-dir', 'other');
    await other.said(/ready/);
    const { name } = session;
    expect(answer('sessions', 'suspend', name)).toMatchObject({
      state: 'suspended',
      synced: true,
      durability: 'durable',
      runner: null,
    });
    expect(answer('sessions', 'resume', name, '--runner', 'other')).toMatchObject({
      state: 'active',
      runner: 'other',
      directory: expect.stringContaining(path('other')),
    });
    expect(sh(name, 'pwd; cat go.mod; echo 2 > src/two.go; rm go.mod')).toBe('/workspace\nmodule m\nmore\n');
    answer('sessions', 'suspend', name);
    answer('sessions', 'resume', name, '--runner', 'home');
    expect(sh(name, 'find . -type f | sort; cat src/*')).toBe(
      './src/main.go\n./src/two.go\npackage main\n2\n',
    );
    other.process.kill('SIGTERM');
    expect(await other.ended).toMatchObject({ status: 0 });
  });

  it('“volume: Local or network volume”: the directory stays on the runner while it rests', () => {
    const at = answer('sessions', 'suspend', session.name) as Told;
    expect(existsSync(at.directory!)).toBe(true);
    expect(at.directory).toMatch(path('home/workspaces/session-'));
    expect(answer('sessions', 'resume', session.name)).toMatchObject({ runner: 'home' });
  });

  it('“Deduplication: Identical files/chunks stored once”', () => {
    sh(session.name, 'mkdir a b; head -c 4194304 /dev/urandom > a/one');
    answer('sessions', 'checkpoint', session.name);
    sh(session.name, 'cp a/one a/two; cp a/one b/three; (echo before; cat a/one) > b/longer');
    const before = bytesUp();
    answer('sessions', 'checkpoint', session.name);
    const sent = bytesUp() - before;
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(MB);
  });

  it('“Incremental Sync: Only changed chunks transferred”', () => {
    sh(session.name, 'mkdir many; cd many; seq 1 400000 | split -l 100 -a 4 -d - line');
    const empty = bytesUp();
    answer('sessions', 'checkpoint', session.name);
    const before = bytesUp();
    expect(before - empty).toBeGreaterThan(256 * 1024);
    expect(sh(session.name, "ls many | wc -l; sed -i 's/^200050$/edited/' many/line*")).toBe('4000\n');
    expect(answer('sessions', 'suspend', session.name)).toMatchObject({ synced: true });
    expect(bytesUp() - before).toBeLessThan(256 * 1024);
    expect(strata('sessions', 'diff', `${session.name}@${get(session.name).snapshot - 1}`).stdout).toMatch(
      /^~ many\/line\d+\n$/,
    );
  });

  it('“cas: Content-Addressable Storage”: its files are in the chunk store alone while it rests', () => {
    answer(
      'sessions',
      'create',
      '--name',
      'cas',
      '--storage-type',
      'cas',
      '--workspace-mobility',
      'object_sync',
    );
    sh('cas', 'mkdir deep; head -c 1048576 /dev/urandom > deep/file; sha256sum deep/file > sum');
    const { directory } = get('cas');
    expect(existsSync(directory!)).toBe(true);
    expect(answer('sessions', 'suspend', 'cas')).toMatchObject({ synced: true, directory: null });
    expect(existsSync(directory!)).toBe(false);
  });

  it('“Integrity: SHA-256 verification”: what was changed in the store is not given out', async () => {
    const packs = [...(await objects())].sort(([, a], [, b]) => b.length - a.length);
    const touched = packs.filter(([, bytes]) => bytes.length > MB / 2);
    for (const [key, bytes] of touched) {
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(bytes.length / 2)]! ^= 1;
      await put(key, flipped);
    }
    rmSync(path('home/cache'), { recursive: true });
    expect(failure('sessions', 'resume', 'cas')).toMatchObject({
      status: 5,
      code: 'integrity',
      message: expect.stringContaining('deep/file'),
    });
    expect(get('cas')).toMatchObject({ state: 'suspended', synced: true });
    const left = readdirSync(path('home/workspaces'), { recursive: true, encoding: 'utf8' });
    expect(left.filter((name) => name.endsWith('deep/file'))).toEqual([]);
    for (const [key, bytes] of touched) await put(key, bytes);
    rmSync(path('home/cache'), { recursive: true, force: true });
    expect(answer('sessions', 'resume', 'cas')).toMatchObject({ state: 'active' });
    expect(sh('cas', 'sha256sum -c sum')).toBe('deep/file: OK\n');
  });

  it('“Encryption: Per-tenant encryption at rest”', async () => {
    const earlier = new Set(await keysIn(gateway, 'marionette-workspaces'));
    const written: Map<string, Buffer>[] = [];
    for (const tenant of ['one', 'two']) {
      const flags = ['--tenant', tenant];
      answer(...flags, 'sessions', 'create', '--name', 'dev', '--workspace-mobility', 'object_sync');
      sh('dev', 'seq 1000000 1100000 > telling-name.txt', ...flags);
      expect(answer(...flags, 'sessions', 'suspend', 'dev')).toMatchObject({ synced: true });
      const all = await objects();
      // Beside them are the keys of the tenant, in an envelope that names the root key they are sealed with.
      written.push(new Map([...all].filter(([key]) => key.includes('/tenants/') && !earlier.has(key))));
      for (const key of all.keys()) earlier.add(key);
    }
    const bytes = written.map((each) => Buffer.concat([...each.values()]));
    for (const [at, each] of bytes.entries()) {
      expect(each.length).toBeGreaterThan(10_000);
      for (const telling of ['telling-name', '1000001', 'dev'.padEnd(9, '\0')])
        expect(each.includes(telling)).toBe(false);
      expect([...written[at]!.keys()].filter((key) => key.includes('telling'))).toEqual([]);
    }
    expect(inCommon(bytes[0]!, bytes[1]!)).toBe(0);
  });
});

/** How many runs of 24 bytes of one are in the other. */
function inCommon(one: Buffer, other: Buffer): number {
  const RUN = 24;
  const runs = new Set<string>();
  for (let at = 0; at + RUN <= one.length; at++) runs.add(one.toString('latin1', at, at + RUN));
  let count = 0;
  for (let at = 0; at + RUN <= other.length; at++)
    if (runs.has(other.toString('latin1', at, at + RUN))) count++;
  return count;
}
