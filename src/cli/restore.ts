/** `workspaces restore` */

import { displayPath } from '../tree/index.ts';
import type { RestoredFrom } from '../engine/index.ts';
import type { Lag } from '../workspace/index.ts';
import { counted, formatBytes, formatCount, formatSeconds, treeName } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { withProgress } from './progress.ts';
import { tallyJson } from './shapes.ts';

export interface RestoreFlags {
  readonly path?: string;
  readonly dryRun?: boolean;
  readonly overwrite?: boolean;
  readonly exact?: boolean;
  readonly sync?: boolean;
  readonly region?: string;
}

export async function restore(
  invocation: Invocation,
  ref: string,
  directory: string,
  flags: RestoreFlags,
): Promise<void> {
  const { terminal, world } = invocation;
  const { dryRun = false } = flags;
  await withEngine(invocation, async ({ workspaces }) => {
    const result = await withProgress(invocation, dryRun ? 'comparing' : 'restoring', (onProgress) =>
      workspaces.restore(ref, directory, { ...flags, onProgress, signal: world.signal }),
    );
    const lines = dryRun ? forecast(result) : summary(result, directory);
    await terminal.result(restoreJson(result, dryRun), lines, dryRun ? lines : []);
  });
}

function restoreJson({ plan, lag, ...rest }: RestoredFrom, dryRun: boolean): object {
  const { added, replaced, removed, unchanged } = plan;
  return {
    ...rest,
    lag: lag ?? null,
    dryRun,
    plan: {
      added: tallyJson(added),
      replaced: tallyJson(replaced),
      removed: tallyJson(removed),
      unchanged,
    },
  };
}

function summary(
  { workspace, snapshot, files, dirs, symlinks, bytes, seconds, plan, region, lag }: RestoredFrom,
  directory: string,
): string[] {
  const what = [counted(files, 'file'), counted(dirs, 'directory', 'directories')];
  if (symlinks > 0) what.push(counted(symlinks, 'symlink'));
  return [
    `restored ${treeName(workspace, snapshot)} to ${directory}`,
    `  ${what.join(', ')}, ${formatBytes(bytes)} in ${formatSeconds(seconds)}`,
    ...(plan.removed.count === 0
      ? []
      : [`  removed ${formatCount(plan.removed.count)} that it does not have`]),
    ...(lag === undefined ? [] : [`  from the replica in ${region}${behind(lag)}`]),
  ];
}

function behind({ snapshots, seconds }: Lag): string {
  if (snapshots === 0) return ', which has the latest';
  return `, whose latest is ${counted(snapshots, 'snapshot')} behind, by ${formatSeconds(seconds)}`;
}

function forecast({ plan }: RestoredFrom): string[] {
  const list = (sign: string, { count, paths }: RestoredFrom['plan']['added'], what: string) => {
    const lines = paths.map((path) => `${sign} ${displayPath(path)}`);
    return count > paths.length
      ? [...lines, `  and ${formatCount(count - paths.length)} more ${what}`]
      : lines;
  };
  const { added, replaced, removed, unchanged } = plan;
  const removes = removed.count === 0 ? '' : ` remove ${formatCount(removed.count)},`;
  return [
    ...list('+', added, 'that would be added'),
    ...list('~', replaced, 'that would be replaced'),
    ...list('-', removed, 'that would be removed'),
    `would add ${formatCount(added.count)}, replace ${formatCount(replaced.count)},${removes} leave ${formatCount(unchanged)} as they are`,
  ];
}
