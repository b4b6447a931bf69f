/** An engine that is to be killed: runs a command in a place until then. Arguments: the way, a directory, a word for the command. */

import { argv, env } from 'node:process';

import { testImage } from '../testing/test-image.ts';
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

async function main([way = 'plain', directory = '', token = '']: readonly string[]): Promise<void> {
  const executor = await WAYS[way as Way]();
  const containers: ContainerSpec[] = [];
  if (way === 'podman') {
    const nothing = { environment: {}, user: undefined, privileged: false, entrypoint: undefined, tmpfs: [] };
    containers.push({ image: testImage(), ...nothing });
  }
  const place = await executor.place({ directory, containers });
  const sleeper = `sh -c 'echo on; while :; do sleep 0.1; done' ${token}`;
  await place.run(
    { words: ['sh', '-c', `(setsid ${sleeper} &); ${sleeper}; exit`], environment: {}, workingDir: '' },
    { onOutput: (bytes) => void process.stdout.write(bytes) },
  );
}

if (import.meta.filename === argv[1]) await main(argv.slice(2));
