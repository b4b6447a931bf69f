import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { testImage } from '../testing/test-image.ts';
import type { ContainerSpec, Executor } from './executor.ts';
import { giveOfRoot } from './give.ts';
import { containerOf, newDirectory, newSource, shellIn } from './place.fixture.ts';
import { podmanExecutor } from './podman-executor.ts';

let image: string;
let executor: Executor;

const container = (more: Partial<ContainerSpec> = {}) => containerOf(image, more);

describeWith(['root', 'podman', 'busybox'], 'what containers are shown besides', () => {
  beforeAll(async () => {
    image = testImage();
    executor = await podmanExecutor({ environment: process.env });
  });

  it('[X31] paths that podman would split', async () => {
    const directory = newDirectory();
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    for (const odd of [':', ',', '\n']) {
      for (const each of [
        { source: newSource(undefined, `odd${odd}`), at: '/workspace' },
        { source: newSource(), at: `/odd${odd}` },
      ]) {
        const place = executor.place({ directory, shown: [each], containers: [container()] });
        await expectCode('bad_input', place);
      }
    }
  });

  it('[X36] what is shown, and is of root, is given to a user of another name', async () => {
    const source = newSource();
    for (const name of ['root', 'other', 'worker']) writeFileSync(join(source, name), name, { mode: 0o600 });
    mkdirSync(join(source, 'locked'), { mode: 0o700 });
    symlinkSync('/etc/passwd', join(source, 'link'));
    chownSync(join(source, 'other'), 1234, 5);
    chownSync(join(source, 'worker'), 1000, 1000);
    const before = lstatSync(join(source, 'worker')).ctimeMs;
    const owner = statSync('/etc/passwd').uid;
    const worker = container({ user: 'worker' });
    const { place, sh } = await shellIn(executor, [worker], [{ source, at: '/workspace' }]);
    const workingDir = place.shownAt('/workspace');
    const script = 'cat root worker; echo new >root; touch locked/file made; cat other';
    expect(await sh(script, { workingDir })).toMatchObject({ stdout: 'rootworker', exitCode: 1 });
    const owners = readdirSync(source).map((name) => [name, lstatSync(join(source, name)).uid]);
    expect(Object.fromEntries(owners)).toEqual({
      link: 1000,
      locked: 1000,
      made: 1000,
      other: 1234,
      root: 1000,
      worker: 1000,
    });
    expect(lstatSync(join(source, 'worker')).ctimeMs).toBe(before);
    expect(statSync('/etc/passwd').uid).toBe(owner);
  }, 60_000);

  it('[X36] also while others are at work there', async () => {
    const source = newSource();
    const churn = spawn('sh', ['-c', 'while :; do mkdir -p a/b/c; touch a/b/1 a/b/2 3; rm -rf a 3; done'], {
      cwd: source,
      detached: true,
    });
    try {
      for (let at = 0; at < 50; at++) await giveOfRoot(source, { uid: 1000, gid: 1000 });
    } finally {
      // With what it has just started.
      if (churn.pid !== undefined) process.kill(-churn.pid, 'SIGKILL');
      await once(churn, 'exit');
    }
  }, 60_000);

  it('[X37] nothing of the image or the container is inside of what is shown', async () => {
    const name = `localhost/strata-volumes-${process.pid}:1`;
    execFileSync('podman', ['build', '--quiet', `--tag=${name}`, '-'], {
      input: `FROM ${image}\nVOLUME /workspace/data /data\n`,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    onTestFinished(() => void execFileSync('podman', ['rmi', '--force', name], { stdio: 'ignore' }));
    const source = newSource();
    const { place, sh } = await shellIn(
      executor,
      [container({ image: name })],
      [{ source, at: '/workspace' }],
    );
    const workingDir = place.shownAt('/workspace');
    expect((await sh('ls -A; mkdir data; echo kept >data/file', { workingDir })).stdout).toBe('');
    await place[Symbol.asyncDispose]();
    expect(readFileSync(join(source, 'data/file'), 'utf8')).toBe('kept\n');
  }, 60_000);

  it('[X37] a path that the container has for itself is refused', async () => {
    const tmpfs = [{ path: '/scratch/in/', bytes: undefined }];
    const directory = newDirectory();
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    for (const at of ['/scratch', '/scratch/in', '/.strata-init', '/.strata-init/x']) {
      const shown = [{ source: newSource(), at }];
      await expectCode('bad_input', executor.place({ directory, shown, containers: [container({ tmpfs })] }));
    }
    const { place, sh } = await shellIn(
      executor,
      [container({ tmpfs })],
      [{ source: newSource(), at: '/scratch/in/side' }],
    );
    expect((await sh('pwd', { workingDir: place.shownAt('/scratch/in/side') })).stdout).toBe(
      '/scratch/in/side\n',
    );
  }, 60_000);
});
