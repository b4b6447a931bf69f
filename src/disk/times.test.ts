import { expect, it } from 'vitest';

import { mtimeOf } from './times.ts';

it('[K1] a time that no tree can tell becomes the next one that it can', () => {
  const exact = () => {
    throw new Error('not asked for');
  };
  const at = (mtimeMs: number) => mtimeOf({ mtimeMs } as Parameters<typeof mtimeOf>[0], exact);
  expect(at(-1000.5)).toBe(-1_000_500);
  // 1601, what Windows means by no time at all.
  expect(at(Date.parse('1601-01-01T00:00:00Z'))).toBe(-Number.MAX_SAFE_INTEGER);
});
