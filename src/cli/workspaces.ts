/** `workspaces`: its verbs, their flags and their help. */

import type { Command } from 'commander';

import { registerArchive } from './archive.ts';
import { append, nonEmpty } from './argument.ts';
import { catFile, diffTrees, listEntries, printManifest } from './files.ts';
import { registerForget } from './forget.ts';
import { addExamples, addJsonHelp, addNote } from './help.ts';
import { forkWorkspace, listWorkspaces, showLog } from './history.ts';
import type { Invocation } from './invocation.ts';
import { registerReplicate } from './replicate.ts';
import { restore } from './restore.ts';
import type { RestoreFlags } from './restore.ts';
import { SAVE_SHAPE, save } from './save.ts';
import type { SaveFlags } from './save.ts';
import { NEW_REGION, addRegion, addReplicaRegion } from './region.ts';
import type { RegionFlags } from './region.ts';
import { registerWhy } from './why.ts';

const SNAPSHOT = 'NAME, or NAME@SNAPSHOT by number or id';
const REF = `${SNAPSHOT}; or RUN, or RUN#TASK`;
const REF_PATH = `${REF}. The first : starts a path in it`;

export function registerWorkspaces(noun: Command, invocation: Invocation): void {
  registerSave(noun, invocation);
  registerRestore(noun, invocation);
  registerHistory(noun, invocation);
  registerFiles(noun, invocation);
  registerWhy(noun, invocation);
  registerArchive(noun, invocation);
  registerForget(noun, invocation);
  registerReplicate(noun, invocation);
  addExamples(noun, ['workspaces save . -w web', 'workspaces log web', 'workspaces restore web@1 ./before']);
}

function registerSave(noun: Command, invocation: Invocation): void {
  const command = noun
    .command('save')
    .description('save a directory as the next snapshot of a workspace')
    .argument('<dir>', 'what to save', nonEmpty)
    .option('-w, --workspace <name>', 'the workspace (default: the name of the directory)')
    .option(
      '--exclude <glob>',
      'leave out what matches, relative to DIR; ** crosses directories; repeatable',
      append,
    )
    .option('--exclude-from <file>', 'the same, with a glob a line; # starts a comment; repeatable', append)
    .option('-m, --message <text>', 'a word about this snapshot')
    .option('--skip-unreadable', 'leave out what cannot be read, and say so, rather than refuse')
    .option('--region <region>', NEW_REGION, nonEmpty)
    .action((dir: string, flags: SaveFlags) => save(invocation, dir, flags));
  addExamples(command, [
    'workspaces save .',
    "workspaces save ~/web -w web -m 'before the upgrade'",
    "workspaces save . --exclude node_modules --exclude '**/*.log'",
  ]);
  addJsonHelp(command, SAVE_SHAPE);
}

function registerRestore(noun: Command, invocation: Invocation): void {
  const command = noun
    .command('restore')
    .description('put a snapshot into a directory')
    .argument('<ref>', REF)
    .argument('<dir>', 'where to; new or empty, unless --overwrite or --exact is given', nonEmpty)
    .option('--path <path>', 'only this file or directory, at its place below DIR', nonEmpty)
    .option('--dry-run', 'change nothing; tell what would be done')
    .option('--overwrite', 'replace what differs in DIR; what is not in the snapshot stays')
    .option('--exact', 'the same; and what is in DIR and not in the snapshot is removed')
    .option('--sync', 'return only when everything would survive a power cut')
    .action((ref: string, dir: string, flags: RestoreFlags) => restore(invocation, ref, dir, flags));
  addRegion(command, 'the replica in a region (default: the nearest that has the snapshot)');
  addExamples(command, [
    'workspaces restore web ./copy',
    'workspaces restore web@3 ./copy --path src/index.ts',
    'workspaces restore web . --overwrite --dry-run',
    'workspaces restore web@3 . --exact',
    "workspaces restore 'run-0123456789ab#build' ./built",
  ]);
  addJsonHelp(
    command,
    '{workspace, snapshot, digest, files, dirs, symlinks, bytes, seconds, region, lag, dryRun,\n' +
      'plan:{added:{count, paths}, replaced:{count, paths}, removed:{count, paths}, unchanged}}. region: where it came from;\n' +
      'lag: null where the workspace lives, else {snapshots, seconds} that the latest there is behind. paths has the first\n' +
      'hundred.',
  );
}

function registerHistory(noun: Command, invocation: Invocation): void {
  const list = noun
    .command('list')
    .description('all workspaces, of all regions')
    .action(() => listWorkspaces(invocation));
  addExamples(list, ['workspaces list', 'workspaces list --json']);
  addJsonHelp(
    list,
    '{workspaces:[{name, region, id, created, snapshots, latest, updated, digest, files, bytes, replicaOf}]}',
  );

  const log = noun
    .command('log')
    .description('the snapshots of a workspace, the newest first')
    .argument('<name>', 'the workspace')
    .action((name: string, flags: RegionFlags) => showLog(invocation, name, flags));
  addReplicaRegion(log);
  addExamples(log, ['workspaces log web']);
  addJsonHelp(
    log,
    '{snapshots:[{workspace, snapshot, id, kind, created, digest, files, dirs, symlinks, bytes,\n' +
      'newBytes, storedBytes, message, parent}]}. kind: "save", "fork" or "replica"; parent: NAME@N of a fork, else null.',
  );

  const fork = noun
    .command('fork')
    .description('a new workspace that starts as a snapshot of another; no file data is copied')
    .argument('<ref>', SNAPSHOT)
    .argument('<new-name>', 'the new workspace')
    .action((ref: string, name: string) => forkWorkspace(invocation, ref, name));
  addExamples(fork, ['workspaces fork web@3 experiment']);
  addJsonHelp(fork, 'the new snapshot, as in log');
}

function registerFiles(noun: Command, invocation: Invocation): void {
  const ls = noun
    .command('ls')
    .description('what is in a directory of a snapshot')
    .argument('<ref[:path]>', REF_PATH)
    .option('-R, --recursive', 'also what is in the directories in it')
    .action((ref: string, flags: { recursive?: boolean }) => listEntries(invocation, ref, flags));
  addExamples(ls, [
    'workspaces ls web',
    'workspaces ls web@3:src -R',
    "workspaces ls 'run-0123456789ab#build:out'",
  ]);
  addJsonHelp(
    ls,
    '{entries:[{path, kind, mode, mtime, …}]}; a file has size, a symlink target, a directory files, dirs,\n' +
      'symlinks and bytes below it. mode is a number: 420 is 0o644.',
  );

  const cat = noun
    .command('cat')
    .description('the bytes of one file, on stdout')
    .argument('<ref:path>', REF_PATH)
    .action((ref: string) => catFile(invocation, ref));
  addExamples(cat, ['workspaces cat web@3:package.json', 'workspaces cat web:app.tar > app.tar']);

  const diff = noun
    .command('diff')
    .description(
      'what changed from one snapshot to another, or from one task or run to another: + added, - removed, ~ changed',
    )
    .argument('<before>', REF)
    .argument('<after>', REF)
    .action((before: string, after: string) => diffTrees(invocation, before, after));
  addExamples(diff, [
    'workspaces diff web@1 web@2',
    'workspaces diff web experiment',
    "workspaces diff 'run-0123456789ab#build' 'run-0123456789ab#test'",
  ]);
  addJsonHelp(
    diff,
    '{changes:[{path, kind, before, after}]}. kind: "added", "removed" or "changed"; before and after as\n' +
      'in ls, null where there was or is nothing. Times alone are no change.',
  );

  const manifest = noun
    .command('manifest')
    .description('all files of a snapshot with their chunks, as JSON')
    .argument('<ref>', REF)
    .action((ref: string) => printManifest(invocation, ref));
  addExamples(manifest, ['workspaces manifest web@3', "workspaces manifest web | jq -r '.files[].path'"]);
  addNote(
    manifest,
    'Always JSON: {files:[{path, mode, size, chunks:[…]}]}. mode is a number: 420 is 0o644. A chunk is its\n' +
      'SHA-256 in hex; null stands for a hole. A path that cannot be printed exactly has pathB64 beside it.',
  );
}
