import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { testImage } from '../testing/test-image.ts';
import { namesToPull } from './container.ts';
import { executorContract } from './executor.contract.ts';
import type { ContainerSpec, Executor } from './executor.ts';
import { containerOf, newDirectory, shellIn } from './place.fixture.ts';
import { podmanExecutor } from './podman-executor.ts';

let image: string;
let executor: Executor;

const container = (more: Partial<ContainerSpec> = {}) => containerOf(image, more);
const refusal = (spec: ContainerSpec) => {
  const directory = newDirectory();
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return executor.place({ directory, containers: [spec] });
};

it.each([
  ['golang:1.22', ['golang:1.22', 'docker.io/library/golang:1.22']],
  ['cimg/go', ['cimg/go', 'docker.io/cimg/go']],
  ['a/b/c', ['a/b/c', 'docker.io/a/b/c']],
  ['quay.io/a/b:1', ['quay.io/a/b:1']],
  ['localhost/a', ['localhost/a']],
  ['registry:5000/a:1', ['registry:5000/a:1']],
])('[X30] for %s these are pulled: %j', (given, names) => {
  expect(namesToPull(given)).toEqual(names);
});

describeWith(['root', 'podman', 'busybox'], 'podman', () => {
  beforeAll(async () => {
    image = testImage();
    executor = await podmanExecutor({ environment: process.env });
  });

  executorContract({
    way: 'podman',
    open: async () => executor,
    containers: () => [container()],
    share: true,
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      TERM: 'dumb',
      container: 'podman',
    },
  });

  it('[X30] an image that nobody has is named', async () => {
    const missing = refusal(containerOf('localhost/no-such-image:7'));
    await expectCode('not_found', missing);
    await expect(missing).rejects.toThrow(/localhost\/no-such-image:7/);
  });

  it('[X30] an image of docker.io that is here is found without the name of its registry', async () => {
    const name = `strata-short-${process.pid}:1`;
    execFileSync('podman', ['tag', image, `docker.io/library/${name}`]);
    onTestFinished(() => void execFileSync('podman', ['untag', image, `docker.io/library/${name}`]));
    const { sh } = await shellIn(executor, [container({ image: name })]);
    expect((await sh('echo here')).stdout).toBe('here\n');
  }, 60_000);

  it.each(['--privileged', '-v/:/host', 'docker-archive:/etc/passwd', 'dir:/etc', '../x', 'a b', ''])(
    '[X31] %j is no image',
    async (name) => expectCode('bad_input', refusal(containerOf(name))),
  );

  it('[X31] users and paths that would be read as something else', async () => {
    await expectCode('bad_input', refusal(containerOf('x'.repeat(600))));
    for (const user of ['-x', 'a b', 'a:b:c', ''])
      await expectCode('bad_input', refusal(container({ user })));
    for (const path of ['relative', '/a:rw', '/a,b', '/a/../../etc'])
      await expectCode('bad_input', refusal(container({ tmpfs: [{ path, bytes: undefined }] })));
  });

  it('[X32] a privileged container is refused unless it is allowed', async () => {
    await expectCode('refused', refusal(container({ privileged: true })));
    const lenient = await podmanExecutor({ environment: process.env, allowPrivileged: true });
    const { sh } = await shellIn(lenient, [container({ privileged: true })]);
    expect((await sh('mount -t tmpfs none /tmp && echo mounted')).stdout).toBe('mounted\n');
    const plain = await shellIn(executor, [container()]);
    expect((await plain.sh('mount -t tmpfs none /tmp')).exitCode).not.toBe(0);
  }, 60_000);

  it('[X33] other containers run their own program and share the network', async () => {
    const service = container({ entrypoint: '["nc","-l","-p","7000","-e","echo","hello"]' });
    const { sh } = await shellIn(executor, [container(), service]);
    const { stdout } = await sh('for i in 1 2 3 4 5 6 7 8 9; do nc 127.0.0.1 7000 && exit; sleep 0.3; done', {
      input: '',
    });
    expect(stdout).toBe('hello\n');
  }, 60_000);

  it('[X34] user, environment and tmpfs are as the container says', async () => {
    const { place, sh } = await shellIn(executor, [
      container({
        user: 'worker',
        environment: { FROM: 'container', MORE: 'x\ny' },
        tmpfs: [{ path: '/scratch', bytes: 1024 * 1024 }],
      }),
    ]);
    writeFileSync(join(place.directory, 'given'), 'by root', { mode: 0o600 });
    const script = 'id -un; echo "$FROM $MORE"; cat given; echo mine >given; df -k /scratch | tail -1';
    const { stdout } = await sh(script);
    expect(stdout).toMatch(/^worker\ncontainer x\ny\nby root\S+ +1024 /);
    expect(readFileSync(join(place.directory, 'given'), 'utf8')).toBe('mine\n');
    expect((await sh('id -u; touch made', { user: '1234:5' })).stdout).toBe('1234\n');
    expect((await sh('id -u; rm made', { user: 'root' })).stdout).toBe('0\n');
    await expectCode('not_found', sh('id', { user: 'nobody-here' }));
    await expectCode('bad_input', sh('id', { user: '--privileged' }));
  }, 60_000);

  it('[X35] what a command makes outside of its directory is there for the next', async () => {
    const { sh } = await shellIn(executor, [container()]);
    await sh('echo tool >/bin/tool');
    expect((await sh('cat /bin/tool')).stdout).toBe('tool\n');
    expect(existsSync('/bin/tool')).toBe(false);
  }, 60_000);
});
