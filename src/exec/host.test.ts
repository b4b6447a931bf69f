import { describe } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { usableCgroup } from './cgroup.ts';
import { executorContract } from './executor.contract.ts';
import { bareExecutor, hostExecutor } from './host.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
const environment = { PATH, LANG: 'C.UTF-8', TERM: 'dumb' };
const caller = { ...process.env, PATH: `.:relative:${PATH}` };
const options = { bind: [], hidden: [], environment: caller };

describeWith(['bwrap'], 'the host, in a sandbox', () => {
  executorContract({ open: () => hostExecutor({ ...options, sandbox: 'require' }), environment });
});

describe.skipIf(usableCgroup() === undefined)('the host, without a sandbox', () => {
  executorContract({ open: () => hostExecutor({ ...options, sandbox: 'off' }), environment });
});

describe('the host, without groups of processes', () => {
  executorContract({ open: async () => bareExecutor(PATH, undefined), environment });
});
