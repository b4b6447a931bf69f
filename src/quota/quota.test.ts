import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { meansNamed } from './choose.ts';
import { quotaContract } from './quota.contract.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-quota-'));

afterAll(() => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  expect(mounts).not.toContain(base);
  rmSync(base, { recursive: true, force: true });
});

describeWith(['root', 'loop', 'mounts'], 'a file system of that size', () => {
  quotaContract({ means: meansNamed('filesystem'), base: () => base, pause: 0 });
});

describe('a watch', () => {
  quotaContract({ means: meansNamed('watch'), base: () => base, pause: 0.02 });
});
