/** `workspaces export` and `import`: snapshots as tar archives. */

import { createReadStream, fstatSync, openSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';

import type { Command } from 'commander';

import { StrataError, systemError } from '../base/index.ts';
import type { ExportResult } from '../workspace/index.ts';
import { nonEmpty } from './argument.ts';
import { counted, formatBytes, formatSeconds, treeName } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { writeOutputFile } from './output-file.ts';
import { withProgress } from './progress.ts';
import { NEW_REGION } from './region.ts';
import { SAVE_SHAPE, tellSaved } from './save.ts';

/** For stdout, and for stdin. */
const STANDARD = '-';

/** Read at a time. Bytes. */
const PART = 1024 * 1024;

interface ImportFlags {
  readonly workspace?: string;
  readonly message?: string;
  readonly region?: string;
}

export function registerArchive(noun: Command, invocation: Invocation): void {
  const exporting = noun
    .command('export')
    .description('write a snapshot, or a directory in it, as a tar archive')
    .argument(
      '<ref[:path]>',
      'NAME, or NAME@SNAPSHOT by number or id; or RUN, or RUN#TASK. The first : starts a path in it',
    )
    .argument(
      '<file>',
      'the archive; it appears when it is whole, in the place of one that is there. -: stdout',
      nonEmpty,
    )
    .action((ref: string, file: string) => exportArchive(invocation, ref, file));
  addExamples(exporting, [
    'workspaces export web@3 web.tar',
    'workspaces export web:src src.tar',
    'workspaces export web - | zstd > web.tar.zst',
  ]);
  addJsonHelp(
    exporting,
    '{workspace, snapshot, digest, files, dirs, symlinks, bytes, archiveBytes, seconds, file}. digest: of the\n' +
      'directory that was written. Not with -, which leaves stdout to the archive. The same snapshot gives the same bytes.',
  );

  const importing = noun
    .command('import')
    .description('make a tar archive the next snapshot of a workspace, without unpacking it')
    .argument('<file>', 'the archive: ustar, pax or GNU, not compressed. -: stdin', nonEmpty)
    .option('-w, --workspace <name>', 'the workspace (default: the name of the file without .tar)')
    .option('-m, --message <text>', 'a word about this snapshot')
    .option('--region <region>', NEW_REGION, nonEmpty)
    .action((file: string, flags: ImportFlags) => importArchive(invocation, file, flags));
  addExamples(importing, [
    'workspaces import web.tar',
    "workspaces import web.tar -w web -m 'from the old machine'",
    'workspaces import - -w web < web.tar',
  ]);
  addJsonHelp(importing, `as in save: ${SAVE_SHAPE}`);
}

async function exportArchive(invocation: Invocation, ref: string, file: string): Promise<void> {
  const { terminal, world } = invocation;
  const toStdout = file === STANDARD;
  if (toStdout && terminal.json)
    throw new StrataError('bad_input', 'stdout cannot have both the archive and the JSON', {
      hint: 'Name a file, or leave out --json.',
    });
  if (toStdout && world.stdout.isTTY === true)
    throw new StrataError('bad_input', 'an archive is nothing for a terminal', {
      hint: 'Name a file, or send stdout somewhere: export web - | zstd > web.tar.zst',
    });
  await withEngine(invocation, async ({ workspaces }) => {
    const write = (take: (part: Uint8Array) => Promise<boolean>) =>
      withProgress(invocation, 'exporting', (onProgress) =>
        workspaces.exportArchive(ref, take, { onProgress, signal: world.signal }),
      );
    if (toStdout) {
      await write((part) => terminal.write(part));
      return;
    }
    const result = await writeOutputFile(resolve(world.cwd, file), write);
    await terminal.result({ ...result, file: resolve(world.cwd, file) }, summary(result, file));
  });
}

function summary(
  { workspace, snapshot, files, dirs, symlinks, archiveBytes, seconds }: ExportResult,
  file: string,
): string[] {
  const what = [counted(files, 'file'), counted(dirs, 'directory', 'directories')];
  if (symlinks > 0) what.push(counted(symlinks, 'symlink'));
  return [
    `exported ${treeName(workspace, snapshot)} to ${file}`,
    `  ${what.join(', ')}, an archive of ${formatBytes(archiveBytes)} in ${formatSeconds(seconds)}`,
  ];
}

async function importArchive(invocation: Invocation, file: string, flags: ImportFlags): Promise<void> {
  const { world } = invocation;
  const workspace = flags.workspace ?? nameOf(file);
  const { parts, size } = open(invocation, file);
  // Else a stream that gives nothing would never hear of Ctrl-C.
  addAbortSignal(world.signal, parts);
  // Whoever reads it is told; before that nobody listens.
  parts.on('error', () => {});
  await withEngine(invocation, async ({ workspaces }) => {
    const result = await withProgress(invocation, 'importing', (onProgress) =>
      workspaces.importArchive(readable(parts, file), {
        workspace,
        message: flags.message,
        region: flags.region,
        signal: world.signal,
        onProgress:
          onProgress &&
          (({ files, bytes }) =>
            onProgress({ files, bytes, total: size === undefined ? undefined : { bytes: size } })),
      }),
    );
    await tellSaved(invocation, result, 'imported');
  });
}

/** `a/web.tar` is for the workspace `web`. */
function nameOf(file: string): string {
  if (file !== STANDARD) return basename(file).replace(/\.tar$/i, '');
  throw new StrataError('bad_input', 'an archive on stdin has no name', {
    hint: 'Name the workspace with -w NAME.',
  });
}

/** @returns the size where it is known @throws not_found, unreadable, bad_input for a directory */
function open({ world }: Invocation, file: string): { parts: Readable; size: number | undefined } {
  if (file === STANDARD) return { parts: world.stdin, size: undefined };
  const path = resolve(world.cwd, file);
  try {
    const fd = openSync(path, 'r');
    const stats = fstatSync(fd);
    const parts = createReadStream(path, { fd, highWaterMark: PART });
    return { parts, size: stats.isFile() ? stats.size : undefined };
  } catch (error) {
    throw systemError(error, `read ${file}`);
  }
}

async function* readable(parts: Readable, file: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* parts as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw systemError(error, file === STANDARD ? 'read stdin' : `read ${file}`);
  }
}
