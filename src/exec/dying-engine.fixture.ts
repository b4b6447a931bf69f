/** An engine that is to be killed: runs a command in a place, or beside it, until then. Arguments: the way, a directory, a word for the command, where, what is shown. */

import { argv, env } from 'node:process';

import { testImage } from '../testing/test-image.ts';
import { runBesideIn } from './beside.ts';
import { usableCgroup } from './cgroup.ts';
import type { ContainerSpec, Executor } from './executor.ts';
import { bareExecutor, hostExecutor } from './host.ts';
import { podmanExecutor } from './podman-executor.ts';

const WAYS = {
  sandbox: () => hostExecutor({ sandbox: 'require', bind: [], hidden: [], environment: env }),
  group: async () => bareExecutor(env['PATH'], usableCgroup()),
  plain: async () => bareExecutor(env['PATH'], undefined),
  podman: () => podmanExecutor({ environment: env }),
} satisfies Record<string, () => Promise<Executor>>;

export type Way = keyof typeof WAYS;

async function main([
  way = 'plain',
  directory = '',
  token = '',
  where,
  source,
]: readonly string[]): Promise<void> {
  const executor = await WAYS[way as Way]();
  const containers: ContainerSpec[] = [];
  if (way === 'podman') {
    const nothing = { environment: {}, user: undefined, privileged: false, entrypoint: undefined, tmpfs: [] };
    containers.push({ image: testImage(), ...nothing });
  }
  const shown = source === undefined ? [] : [{ source, at: '/workspace' }];
  const place = await executor.place({ directory, containers, shown });
  const sleeper = `sh -c 'echo on; while :; do sleep 0.1; done' ${token}`;
  const words = ['sh', '-c', `(setsid ${sleeper} &); ${sleeper}; exit`] as const;
  const onOutput = (bytes: Uint8Array) => void process.stdout.write(bytes);
  if (where === 'beside') {
    const environment = { PATH: env['PATH'] ?? '' };
    const cgroups = way === 'plain' ? undefined : usableCgroup();
    await runBesideIn(cgroups, directory, { words, environment, workingDir: '/' }, { onOutput });
  } else {
    const workingDir = source === undefined ? '' : place.shownAt('/workspace');
    await place.run({ words, environment: {}, workingDir }, { onOutput });
  }
}

if (import.meta.filename === argv[1]) await main(argv.slice(2));
