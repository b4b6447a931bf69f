/** `workspaces rm` and `forget` */

import type { Command } from 'commander';

import { lengthOfTime, wholeNumber } from './argument.ts';
import { CLOCK_SHAPE, clockJson, clockLines } from './clock.ts';
import { counted } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { addReplicaRegion } from './region.ts';
import type { RegionFlags } from './region.ts';

interface ForgetFlags extends RegionFlags {
  readonly keepLast?: number;
  readonly keepWithin?: number;
  readonly dryRun?: boolean;
}

export function registerForget(noun: Command, invocation: Invocation): void {
  const remove = noun
    .command('rm')
    .description('remove a workspace with all its snapshots; `store gc` then frees what only they needed')
    .argument('<name>', 'the workspace')
    .action((name: string, flags: RegionFlags) => removeWorkspace(invocation, name, flags));
  addReplicaRegion(remove);
  addExamples(remove, ['workspaces rm experiment']);
  addJsonHelp(remove, '{workspace, forgotten:[number…], kept:[]}');

  const forget = noun
    .command('forget')
    .description('remove snapshots; `store gc` then frees what only they needed. The latest stays')
    .argument('<ref>', 'NAME with a rule, or one snapshot as NAME@SNAPSHOT')
    .option('--keep-last <n>', 'keep so many of the newest', wholeNumber)
    .option('--keep-within <time>', 'keep those that are not older, as in 12h or 7d', lengthOfTime)
    .option('--dry-run', 'change nothing; tell what would be forgotten')
    .action((ref: string, flags: ForgetFlags) => forgetSnapshots(invocation, ref, flags));
  addReplicaRegion(forget);
  addExamples(forget, [
    'workspaces forget web --keep-last 10 --keep-within 7d --dry-run',
    'workspaces forget web --keep-last 10',
    'workspaces forget web@3',
  ]);
  addJsonHelp(forget, `{workspace, forgotten:[number…], kept:[number…], clock}. ${CLOCK_SHAPE}`);
}

async function removeWorkspace(invocation: Invocation, name: string, { region }: RegionFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ workspaces }) => {
    const result = await workspaces.remove(name, { region, signal: world.signal });
    await terminal.result(result, [`removed ${name} with ${counted(result.forgotten.length, 'snapshot')}`]);
  });
}

async function forgetSnapshots(invocation: Invocation, ref: string, flags: ForgetFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ workspaces }) => {
    const result = await workspaces.forget(ref, { ...flags, signal: world.signal });
    const { workspace, forgotten, kept, clock } = result;
    const did = flags.dryRun === true ? 'would forget' : 'forgot';
    const which = forgotten.length === 0 ? '' : `: ${forgotten.map((number) => `@${number}`).join(' ')}`;
    await terminal.result({ ...result, clock: clockJson(clock) }, [
      `${did} ${counted(forgotten.length, 'snapshot')} of ${workspace}${which}`,
      `${counted(kept.length, 'snapshot')} ${kept.length === 1 ? 'stays' : 'stay'}`,
      ...clockLines(clock, 'nothing is forgotten by its age', world.clock()),
    ]);
  });
}
