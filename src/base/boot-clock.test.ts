import { join } from 'node:path';
import { expect, it } from 'vitest';

import { runScript } from '../testing/script.ts';
import { bootClock } from './boot-clock.ts';

it('[B22] the clock of the boot goes on, in all processes alike', () => {
  const first = bootClock();
  const theirs = JSON.parse(
    runScript(`import { bootClock } from ${JSON.stringify(join(import.meta.dirname, 'boot-clock.ts'))};
      console.log(JSON.stringify(bootClock()));`),
  ) as typeof first;
  const last = bootClock();
  expect([theirs.boot, last.boot]).toEqual([first.boot, first.boot]);
  expect(first.milliseconds).toBeGreaterThan(0);
  expect(theirs.milliseconds).toBeGreaterThanOrEqual(first.milliseconds);
  expect(last.milliseconds).toBeGreaterThanOrEqual(theirs.milliseconds);
});
