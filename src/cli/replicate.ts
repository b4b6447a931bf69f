/** `workspaces replicate` */

import type { Command } from 'commander';

import type { ReplicatedSnapshot } from '../engine/index.ts';
import { nonEmpty } from './argument.ts';
import { counted, formatBytes, formatSeconds } from './format.ts';
import { addExamples, addJsonHelp, addNote } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { withProgress } from './progress.ts';

interface ReplicateFlags {
  readonly to: string;
  readonly from?: string;
}

export function registerReplicate(noun: Command, invocation: Invocation): void {
  const command = noun
    .command('replicate')
    .description('bring a snapshot into another region as well; only what that one lacks is sent')
    .argument('<ref>', 'NAME, or NAME@SNAPSHOT by number or id')
    .requiredOption('--to <region>', 'the region that it comes to', nonEmpty)
    .option('--from <region>', 'read a replica there (default: where the workspace lives)', nonEmpty)
    .action((ref: string, flags: ReplicateFlags) => replicate(invocation, ref, flags));
  addExamples(command, [
    'workspaces replicate web --to eu',
    'workspaces replicate web@3 --to shelf --from eu',
    'workspaces restore web ./copy --region eu',
  ]);
  addNote(
    command,
    'A replica has the number and the digest of its snapshot. It is read with --region, and not saved to.',
  );
  addJsonHelp(
    command,
    '{workspace, snapshot, digest, files, dirs, symlinks, bytes, newBytes, storedBytes, chunks:{needed, sent},\n' +
      'already, lag:{snapshots, seconds}, seconds, from, to}. lag: how far the latest there is behind the latest.',
  );
}

async function replicate(invocation: Invocation, ref: string, flags: ReplicateFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ workspaces }) => {
    const result = await withProgress(invocation, 'replicating', (draw) =>
      workspaces.replicate(ref, {
        ...flags,
        signal: world.signal,
        onProgress: draw && (({ bytes, totalBytes }) => draw({ bytes, total: { bytes: totalBytes } })),
      }),
    );
    await terminal.result(result, summary(result), [`${result.workspace}@${result.snapshot}`]);
  });
}

function summary(result: ReplicatedSnapshot): string[] {
  const { workspace, snapshot, to, already, chunks, newBytes, storedBytes, seconds, lag, files, bytes } =
    result;
  const name = `${workspace}@${snapshot}`;
  const behind = lag.snapshots === 0 ? [] : [`  ${counted(lag.snapshots, 'newer snapshot')} not there yet`];
  if (already && chunks.sent === 0) return [`${name} is in ${to} already`, ...behind];
  return [
    `${already ? 'mended' : 'replicated'} ${name} ${already ? 'in' : 'to'} ${to}`,
    `  ${counted(files, 'file')}, ${formatBytes(bytes)}`,
    `  ${formatBytes(newBytes)} new, ${formatBytes(storedBytes)} stored in ${formatSeconds(seconds)}`,
    ...behind,
  ];
}
