/** `executors`: what tasks of runs can run on. */

import type { Command } from 'commander';

import { table } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';

export function registerExecutors(noun: Command, invocation: Invocation): void {
  const list = noun
    .command('list')
    .description('those that strata.yaml declares; else this machine')
    .action(() => listExecutors(invocation));
  addExamples(list, ['executors list']);
  addJsonHelp(list, '{executors:[{name, type, arch, labels, slots}]}');
  addExamples(noun, ['executors list', 'executors list --json']);
}

async function listExecutors(invocation: Invocation): Promise<void> {
  await withEngine(invocation, async ({ runs }) => {
    const executors = runs.executors();
    const rows = executors.map(({ name, type, arch, labels, slots }) => [
      name,
      type,
      arch,
      String(slots),
      labels.join(', '),
    ]);
    const titles = ['NAME', 'TYPE', 'ARCH', 'SLOTS', 'LABELS'];
    const lines = table([titles, ...rows], ['left', 'left', 'left', 'right', 'left']);
    await invocation.terminal.result({ executors }, lines);
  });
}
