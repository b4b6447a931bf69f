/** `store`: stats, verify, gc, rebuild-index, attach */

import type { Command } from 'commander';

import { EXIT_CODES } from '../base/index.ts';
import type { VerifyReport } from '../vault/index.ts';
import type { StoreStats } from '../workspace/index.ts';
import { counted, formatBytes, formatCount, formatSeconds, printable, table } from './format.ts';
import { registerAttach } from './attach.ts';
import { registerCollect } from './collect.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { withProgress } from './progress.ts';

/** Paths told of one problem; `--json` has all. */
const MAX_PATHS = 20;

export function registerStore(noun: Command, invocation: Invocation): void {
  const stats = noun
    .command('stats')
    .description('what the store holds')
    .action(() => showStats(invocation));
  addExamples(stats, ['store stats', 'store stats --json']);
  addJsonHelp(
    stats,
    '{workspaces, snapshots, files, logicalBytes, uniqueBytes, storedBytes, packs, chunks}. files: of the\n' +
      'latest snapshots; logicalBytes: of all snapshots, as if each were kept whole; uniqueBytes: of different chunks.',
  );

  const verify = noun
    .command('verify')
    .description('check everything in the store; exit code 5 when it is not whole')
    .option('--read-data', 'also open every block and hash every chunk')
    .action((flags: { readData?: boolean }) => verifyStore(invocation, flags));
  addExamples(verify, ['store verify', 'store verify --read-data']);
  addJsonHelp(
    verify,
    '{ok, checkedBytes, objects, seconds, problems:[{code, object, message, paths}]}. code: "missing",\n' +
      '"damaged", "foreign", "wrong_key" or "unsupported_format"; paths: what cannot be restored, as NAME@SNAPSHOT:PATH.',
  );

  registerCollect(noun, invocation);

  const rebuild = noun
    .command('rebuild-index')
    .description('make index and database anew from the store alone')
    .action(() => rebuildIndex(invocation));
  addExamples(rebuild, ['store rebuild-index']);
  addJsonHelp(rebuild, '{packs, chunks, workspaces, snapshots, unreadable:[…], seconds}');
  registerAttach(noun, invocation);
  addExamples(noun, ['store stats', 'store verify --read-data']);
}

async function showStats(invocation: Invocation): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const stats = await store.stats({ signal: world.signal });
    const lines = statsTable(stats);
    await terminal.result(stats, lines, lines);
  });
}

async function verifyStore(
  invocation: Invocation,
  { readData }: { readonly readData?: boolean },
): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const report = await withProgress(invocation, 'verifying', (onProgress) =>
      store.verify({ readData, onProgress, signal: world.signal }),
    );
    if (!report.ok) invocation.exitCode = EXIT_CODES.integrity;
    const problems = report.problems.flatMap(problemLines);
    await terminal.result(report, [...problems, ...verdict(report, readData === true)], problems);
  });
}

async function rebuildIndex(invocation: Invocation): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const result = await store.rebuildIndex({ signal: world.signal });
    const { packs, chunks, workspaces, snapshots, unreadable, seconds } = result;
    for (const name of unreadable) terminal.warn(`${name} cannot be read: what it tells is left out`);
    await terminal.result(result, [
      `rebuilt in ${formatSeconds(seconds)}: ${counted(packs, 'pack')}, ${counted(chunks, 'chunk')}, ` +
        `${counted(workspaces, 'workspace')}, ${counted(snapshots, 'snapshot')}`,
    ]);
  });
}

function statsTable(stats: StoreStats): string[] {
  return table(
    [
      ['workspaces', formatCount(stats.workspaces), ''],
      ['snapshots', formatCount(stats.snapshots), ''],
      ['files', formatCount(stats.files), 'in the latest snapshots'],
      ['logical', formatBytes(stats.logicalBytes), 'if each snapshot were kept whole'],
      ['unique', formatBytes(stats.uniqueBytes), 'in different chunks'],
      ['stored', formatBytes(stats.storedBytes), 'on disk'],
      ['packs', formatCount(stats.packs), ''],
      ['chunks', formatCount(stats.chunks), ''],
    ],
    ['left', 'right', 'left'],
  );
}

function problemLines({ code, object, message, paths }: VerifyReport['problems'][number]): string[] {
  const lost = paths.slice(0, MAX_PATHS).map((path) => `  lost: ${path}`);
  if (paths.length > MAX_PATHS) lost.push(`  and ${formatCount(paths.length - MAX_PATHS)} more paths`);
  return [`${code}: ${object}`, `  ${message}`, ...lost].map(printable);
}

function verdict(
  { ok, objects, checkedBytes, problems, seconds }: VerifyReport,
  readData: boolean,
): string[] {
  const checked = `${counted(objects, 'object')}, ${formatBytes(checkedBytes)} checked in ${formatSeconds(seconds)}`;
  if (!ok) {
    return [
      `The store is not whole: ${counted(problems.length, 'problem')} (${checked}).`,
      'Put objects back from a copy of the store, or save the content again: what is not whole is stored anew.',
      'An index is also made anew by `store rebuild-index`.',
    ];
  }
  const unread = readData ? [] : ['The file data itself was not read; --read-data does that.'];
  return [`The store is whole: ${checked}.`, ...unread];
}
