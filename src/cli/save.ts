/** `workspaces save` */

import { resolve } from 'node:path';

import { systemError } from '../base/index.ts';
import type { SaveResult } from '../workspace/index.ts';
import { counted, formatBytes, formatSeconds } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { withProgress } from './progress.ts';
import { tallyJson } from './shapes.ts';

/** What `--json` prints. */
export const SAVE_SHAPE =
  '{workspace, snapshot, digest, files, dirs, symlinks, bytes, newBytes, storedBytes, seconds,\n' +
  'leftOut:[{what, count, paths}], skipped:{count, paths}, warnings}. newBytes: plain bytes not stored before;\n' +
  'storedBytes: what the store grew by. A path is {path}, with pathB64 when its bytes cannot be printed exactly.';

export interface SaveFlags {
  readonly workspace?: string;
  readonly exclude?: readonly string[];
  readonly excludeFrom?: readonly string[];
  readonly message?: string;
  readonly skipUnreadable?: boolean;
  readonly region?: string;
}

export async function save(invocation: Invocation, directory: string, flags: SaveFlags): Promise<void> {
  const { world } = invocation;
  const { workspace, message, skipUnreadable, region } = flags;
  const fromFiles = await Promise.all(
    (flags.excludeFrom ?? []).map((file) => readGlobs(resolve(world.cwd, file))),
  );
  const exclude = [...(flags.exclude ?? []), ...fromFiles.flat()];
  await withEngine(invocation, async ({ workspaces }) => {
    const result = await withProgress(invocation, 'saving', (onProgress) =>
      workspaces.save(directory, {
        workspace,
        exclude,
        message,
        skipUnreadable,
        region,
        onProgress,
        signal: world.signal,
      }),
    );
    await tellSaved(invocation, result, 'saved');
  });
}

/** @param did as in `saved web@3` */
export async function tellSaved(
  { terminal }: Invocation,
  result: SaveResult,
  did: 'saved' | 'imported',
): Promise<void> {
  for (const warning of result.warnings) terminal.warn(warning);
  await terminal.result(saveJson(result), summary(result, did), [reference(result)]);
}

function saveJson({ leftOut, skipped, ...rest }: SaveResult): object {
  return {
    ...rest,
    leftOut: leftOut.map(({ what, ...tally }) => ({ what, ...tallyJson(tally) })),
    skipped: tallyJson(skipped),
  };
}

function summary(result: SaveResult, did: string): string[] {
  const { files, dirs, symlinks, bytes, newBytes, storedBytes, seconds } = result;
  const what = [counted(files, 'file'), counted(dirs, 'directory', 'directories')];
  if (symlinks > 0) what.push(counted(symlinks, 'symlink'));
  return [
    `${did} ${reference(result)}`,
    `  ${what.join(', ')}, ${formatBytes(bytes)}`,
    `  ${formatBytes(newBytes)} new, ${formatBytes(storedBytes)} stored in ${formatSeconds(seconds)}`,
  ];
}

function reference({ workspace, snapshot }: SaveResult): string {
  return `${workspace}@${snapshot}`;
}

/** One glob a line. @throws not_found, unreadable */
async function readGlobs(file: string): Promise<string[]> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw systemError(error, `read the globs in ${file}`);
  });
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
