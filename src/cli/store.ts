/** `store`: stats, verify, gc, rebuild-index, attach */

import type { Command } from 'commander';

import { EXIT_CODES } from '../base/index.ts';
import type { VerifyReport } from '../vault/index.ts';
import type { StoreReport } from '../engine/index.ts';
import { counted, formatBytes, formatCount, formatSeconds, formatTimes, printable, table } from './format.ts';
import { registerAttach } from './attach.ts';
import { registerCollect } from './collect.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { addRegion } from './region.ts';
import type { RegionFlags } from './region.ts';
import { withProgress } from './progress.ts';
import { trafficLines } from './store-traffic.ts';

interface VerifyFlags extends RegionFlags {
  readonly readData?: boolean;
}

/** Paths told of one problem; `--json` has all. */
const MAX_PATHS = 20;

export function registerStore(noun: Command, invocation: Invocation): void {
  const stats = addRegion(noun.command('stats'))
    .description('what the store holds, what it is asked for, and what that costs')
    .action((flags: RegionFlags) => showStats(invocation, flags));
  addExamples(stats, ['store stats', 'store stats --json']);
  addJsonHelp(
    stats,
    '{workspaces, snapshots, layers, files, logicalBytes, uniqueBytes, packedBytes, storedBytes, packs, chunks,\n' +
      'deduplication, compression, store, traffic, previousTraffic, cost}. files: of the latest snapshots; logicalBytes: of all snapshots and layers, as if each\n' +
      'were kept whole; uniqueBytes: of different chunks; packedBytes: what these take; storedBytes: of all objects, trees, index\n' +
      'and other tenants too. deduplication: logical by unique bytes, holes count; compression: unique by packed bytes;\n' +
      'null where there is nothing. What waits for `store gc` is in all of these but the first five.\n' +
      'traffic: {month, requests:{put, get, list, delete, failed}, bytesUp, bytesDown, cache:{hits, misses, bytesHit,\n' +
      'bytesMissed}}, of this home in this month (UTC) so far; previousTraffic: of the month before; null for a store on a disk,\n' +
      'or where nothing was asked. failed is among the others; bytes are of objects. cost: {currency, asOf, storage, requests,\n' +
      'transfer, total, previousMonth:{requests, transfer}, note}, an estimate in US dollars by list prices: a month of what is\n' +
      'stored now, and the requests and the transfer of this month so far; null if no price is known.',
  );

  const verify = addRegion(noun.command('verify'))
    .description('check everything in the store; exit code 5 when it is not whole')
    .option('--read-data', 'also open every block and hash every chunk')
    .action((flags: VerifyFlags) => verifyStore(invocation, flags));
  addExamples(verify, ['store verify', 'store verify --read-data']);
  addJsonHelp(
    verify,
    '{ok, checkedBytes, objects, seconds, problems:[{code, object, message, paths}]}. code: "missing",\n' +
      '"damaged", "foreign", "wrong_key" or "unsupported_format"; paths: what cannot be restored, as NAME@SNAPSHOT:PATH.\n' +
      'ok: whether nothing but foreign objects was found.',
  );

  registerCollect(noun, invocation);

  const rebuild = addRegion(noun.command('rebuild-index'))
    .description('make index and database anew from the store alone')
    .action((flags: RegionFlags) => rebuildIndex(invocation, flags));
  addExamples(rebuild, ['store rebuild-index', 'store rebuild-index --region eu-west-1']);
  addJsonHelp(rebuild, '{packs, chunks, workspaces, snapshots, unreadable:[…], tookOver, seconds}');
  registerAttach(noun, invocation);
  addExamples(noun, ['store stats', 'store verify --read-data']);
}

async function showStats(invocation: Invocation, { region }: RegionFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const stats = await store.stats({ region, signal: world.signal });
    const lines = statsTable(stats);
    const { deduplication = null, compression = null, traffic = null, previousTraffic = null } = stats;
    const cost =
      stats.cost === undefined ? null : { ...stats.cost, previousMonth: stats.cost.previousMonth ?? null };
    const answer = { ...stats, deduplication, compression, traffic, previousTraffic, cost };
    await terminal.result(answer, lines, lines);
  });
}

async function verifyStore(invocation: Invocation, { readData, region }: VerifyFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const report = await withProgress(invocation, 'verifying', (onProgress) =>
      store.verify({ readData, region, onProgress, signal: world.signal }),
    );
    if (!report.ok) invocation.exitCode = EXIT_CODES.integrity;
    const problems = report.problems.flatMap(problemLines);
    await terminal.result(report, [...problems, ...verdict(report, readData === true)], problems);
  });
}

async function rebuildIndex(invocation: Invocation, { region }: RegionFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ store }) => {
    const result = await store.rebuildIndex({ region, signal: world.signal });
    const { packs, chunks, workspaces, snapshots, unreadable, tookOver, seconds } = result;
    for (const name of unreadable) terminal.warn(`${name} cannot be read: what it tells is left out`);
    await terminal.result(result, [
      `rebuilt in ${formatSeconds(seconds)}: ${counted(packs, 'pack')}, ${counted(chunks, 'chunk')}, ` +
        `${counted(workspaces, 'workspace')}, ${counted(snapshots, 'snapshot')}`,
      ...(tookOver ? ['  this home owns the store now; another one that did can only read it'] : []),
    ]);
  });
}

function statsTable(stats: StoreReport): string[] {
  const held = table(
    [
      ['workspaces', formatCount(stats.workspaces), ''],
      ['snapshots', formatCount(stats.snapshots), ''],
      ['layers', formatCount(stats.layers), 'of runs, and their caches'],
      ['files', formatCount(stats.files), 'in the latest snapshots'],
      ['logical', formatBytes(stats.logicalBytes), 'if each snapshot and layer were kept whole'],
      ['unique', formatBytes(stats.uniqueBytes), 'in different chunks'],
      ['packed', formatBytes(stats.packedBytes), 'these, compressed and sealed'],
      ['stored', formatBytes(stats.storedBytes), 'all objects, with trees and indexes'],
      ['packs', formatCount(stats.packs), ''],
      ['chunks', formatCount(stats.chunks), ''],
      ...savings(stats),
    ],
    ['left', 'right', 'left'],
  );
  return [...held, ...trafficLines(stats)];
}

/** Each factor, with what it is taken of. */
function savings({ deduplication, compression }: StoreReport): string[][] {
  if (deduplication === undefined || compression === undefined) return [];
  return [
    ['deduplication', formatTimes(deduplication), 'logical by unique: what snapshots share, and holes'],
    ['compression', formatTimes(compression), 'unique by packed'],
    ['together', formatTimes(deduplication * compression), 'each byte is stored so many times less'],
  ];
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
  const bad = problems.filter(({ code }) => code !== 'foreign');
  const foreign = problems.length - bad.length;
  const others = foreign === 0 ? [] : [`Not of the store, and left alone: ${counted(foreign, 'object')}.`];
  if (ok) {
    const unread = readData ? [] : ['The file data itself was not read; --read-data does that.'];
    return [`The store is whole: ${checked}.`, ...others, ...unread];
  }
  return [
    `The store is not whole: ${counted(bad.length, 'problem')} (${checked}).`,
    ...others,
    'Put objects back from a copy of the store, or save the content again: what is not whole is stored anew.',
    ...(bad.some(({ object }) => object.includes('/index/'))
      ? ['An index is also made anew by `store rebuild-index`.']
      : []),
    ...(bad.some(({ code }) => code === 'unsupported_format')
      ? ['What a newer Strata has written is read by that one.']
      : []),
  ];
}
