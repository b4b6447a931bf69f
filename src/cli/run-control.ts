/** `runs cancel`, `approve` and `rm` */

import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';

export async function cancelRun(invocation: Invocation, run: string): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    await runs.cancel(run, { signal: world.signal });
    await terminal.result({ run }, [`${run} is being ended`]);
  });
}

export async function approveTask(invocation: Invocation, run: string, task: string): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    await runs.approve(run, task, { signal: world.signal });
    await terminal.result({ run, task }, [`${task} of ${run} is approved`]);
  });
}

export async function removeRun(invocation: Invocation, run: string): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    await runs.remove(run, { signal: world.signal });
    await terminal.result({ run }, [`removed ${run}`]);
  });
}
