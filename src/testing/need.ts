/**
 * Tests that need more than Node: root, mounts, a program. Without it they are skipped by name, and fail when `CI=true`; what a kernel has or has
 * not they are only skipped for.
 */

import { describe, it } from 'vitest';

import { isOfKernel, missing } from './requirement.ts';
import type { Need } from './requirement.ts';

/** `describe`, for a suite that cannot run everywhere. */
export function describeWith(needs: readonly Need[], name: string, suite: () => void): void {
  const reason = missing(...needs);
  if (reason === undefined) {
    describe(name, suite);
  } else if (
    process.env['CI'] === 'true' &&
    missing(...needs.filter((need) => !isOfKernel(need))) !== undefined
  ) {
    describe(name, () => {
      it('has what it needs', () => {
        throw new Error(`${name}: ${reason}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped: ${reason})`, suite);
  }
}
