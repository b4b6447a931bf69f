import { beforeAll } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { testImage } from '../testing/test-image.ts';
import { executorContract } from './executor.contract.ts';
import type { ContainerSpec } from './executor.ts';
import { podmanExecutor } from './podman-executor.ts';

let image: string;

const container = (more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  image,
  environment: {},
  user: undefined,
  privileged: false,
  entrypoint: undefined,
  tmpfs: [],
  ...more,
});

describeWith(['root', 'podman', 'busybox'], 'podman', () => {
  beforeAll(() => {
    image = testImage();
  });

  executorContract({
    open: () => podmanExecutor({ environment: process.env }),
    containers: () => [container()],
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      TERM: 'dumb',
      container: 'podman',
    },
  });
});
