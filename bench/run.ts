/** `npm run bench`: whole commands against their peers, single parts, and trees at the edge. --help has examples. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';

import { missing } from '../src/testing/requirement.ts';
import { CORPORA, corpus } from './corpora.ts';
import { openDisk, possibleKind } from './filesystem.ts';
import type { Kind } from './filesystem.ts';
import { installed } from './installed.ts';
import { machine } from './machine.ts';
import { runMicro } from './micro.ts';
import { HELP, UsageError, readOptions } from './options.ts';
import type { Options } from './options.ts';
import { peers } from './peers.ts';
import type { Peer } from './peers.ts';
import { plot } from './plot.ts';
import { report } from './report.ts';
import { keepResult, readResults } from './results.ts';
import type { CorpusResult, MicroResult, ScaleResult, ServiceResult } from './results.ts';
import { runRounds } from './rounds.ts';
import { runRows } from './run-rows.ts';
import { runScale } from './scale.ts';
import { LARGE, SCALE_TREES, describeTree, makeTree } from './scale-trees.ts';
import { servicePeers } from './service-peers.ts';
import { operationsFor, runService } from './service-rows.ts';
import type { ServicePlan } from './service-rows.ts';
import { sessionRows } from './session-rows.ts';
import { shell, succeeds } from './shell.ts';

const INSTALL = 'npm run services install bench';

/** The first words of what it says about itself. */
const GATEWAY_VERSION = "radosgw --version | cut -d ' ' -f 1-3";
const LARGE_FILE = 'large file';

type Tree = Pick<ServiceResult, 'corpus' | 'about' | 'files' | 'bytes'>;

const log = (line: string) => void process.stderr.write(`${line}\n`);

async function main(words: readonly string[], signal: AbortSignal): Promise<void> {
  const options = readOptions(words, process.env);
  if (options === 'help') return void process.stdout.write(HELP);
  if (options.mode === 'micro' && startedAsStrata(options.strata)) return;
  mkdirSync(options.cache, { recursive: true });
  mkdirSync(options.work, { recursive: true });
  if (options.mode === 'corpora') return buildCorpora(options, signal);
  if (options.mode !== 'report') {
    // In a clone bin/strata runs its sources, slowly, when the build is older than they are.
    const clone = resolve(options.strata, '../..');
    if (existsSync(join(clone, 'scripts/build'))) await shell('bash scripts/build', { cwd: clone, signal });
    if (options.trial) rmSync(resultsOf(options), { recursive: true, force: true });
    using copy = installed(options.strata, options.work);
    await run({ ...options, strata: copy.strata }, signal);
  }
  writeReport(options);
}

async function run(options: Options, signal: AbortSignal): Promise<void> {
  const kind = await possibleKind();
  if (options.mode === 'micro') return micro(options, signal);
  if (!(await succeeds('test -x /usr/bin/time')))
    throw new UsageError(`/usr/bin/time is not here: ${INSTALL}`);
  if (kind === 'directory')
    log('no loop devices (not root?): measuring in a directory, which the results will say');
  if (options.mode === 'scale') return scale(options, kind, signal);
  if (options.mode === 'runs') return runs(options, kind, signal);
  if (options.mode === 'sessions') return sessions(options, kind, signal);
  if (options.mode === 'service') return service(options, kind, signal);
  await compare(options, kind, signal);
}

async function buildCorpora(options: Options, signal: AbortSignal): Promise<void> {
  for (const each of CORPORA.filter(({ name }) => options.corpora.includes(name))) {
    const { tree, files, bytes } = await corpus(each, options.cache, signal);
    log(`${each.name}: ${files} files, ${(bytes / 1e6).toFixed(0)} MB in ${tree}`);
  }
}

async function compare(options: Options, kind: Kind, signal: AbortSignal): Promise<void> {
  const present = await presentPeers(options, peers(options.strata));
  const directory = resultsOf(options);
  for (const each of CORPORA.filter(({ name }) => options.corpora.includes(name))) {
    const { tree, files, bytes } = await corpus(each, options.cache, signal);
    log(`${each.name}: ${files} files, ${(bytes / 1e6).toFixed(0)} MB, ${options.rounds} rounds`);
    const its = present.filter(({ corpora }) => corpora?.includes(each.name) ?? true);
    const where = await machine(kind, its, options.strata);
    const { rows, failures } = await runRounds({
      source: tree,
      operations: each.operations,
      renamed: each.renamed,
      alone: each.alone,
      peers: its,
      pause: 1.1,
      rounds: options.rounds,
      openDisk: () => openDisk(options.work, kind, signal),
      signal,
      log,
    });
    const { name, about } = each;
    const result = {
      machine: where,
      corpus: name,
      about,
      files,
      bytes,
      rounds: options.rounds,
      rows,
      failures,
    };
    keepResult(directory, `corpus-${name}`, result satisfies CorpusResult);
    if (failures.length > 0) process.exitCode = 1;
  }
}

async function presentPeers(options: Options, all: readonly Peer[]): Promise<Peer[]> {
  const present: Peer[] = [];
  for (const peer of all.filter(({ name }) => options.peers.includes(name)))
    if (await succeeds(peer.probe)) present.push(peer);
    else log(`${peer.name} is not here: ${INSTALL}`);
  if (present.length === 0) throw new UsageError(`none of these programs is here: ${INSTALL}`);
  return present;
}

async function micro(options: Options, signal: AbortSignal): Promise<void> {
  const where = await machine(undefined, [], options.strata);
  const figures = await runMicro({ strata: options.strata, signal, log, chunks: 1_000_000 });
  keepResult(resultsOf(options), 'micro', { machine: where, figures } satisfies MicroResult);
}

/**
 * What bin/strata sets before it starts Node: sealing runs at half speed without it. It is too late for this process.
 *
 * @returns whether it was missing; then another process has done everything
 */
function startedAsStrata(strata: string): boolean {
  const settings = [
    ...readFileSync(strata, 'utf8').matchAll(/^export (MALLOC_\w+|GLIBC_TUNABLES)="\$\{\w+-([\w.=]+)\}"/gm),
  ];
  const unset = settings.filter(([, name = '']) => process.env[name] === undefined);
  if (unset.length === 0) return false;
  const env = { ...process.env, ...Object.fromEntries(unset.map(([, name = '', value]) => [name, value])) };
  const { status } = spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' });
  process.exitCode = status ?? 1;
  return true;
}

async function scale(options: Options, kind: Kind, signal: AbortSignal): Promise<void> {
  const { files, strata } = options;
  for (const tree of SCALE_TREES.filter((each) => options.trees.includes(each))) {
    const where = await machine(kind, [], strata);
    await using disk = await openDisk(options.work, kind, signal);
    const rows = await runScale({ tree, files, strata, disk, signal, log });
    keepResult(resultsOf(options), `scale-${tree}`, { machine: where, rows } satisfies ScaleResult);
  }
}

async function runs(options: Options, kind: Kind, signal: AbortSignal): Promise<void> {
  const { strata, rounds } = options;
  const { tree } = await corpus(
    CORPORA.find(({ name }) => name === 'modules')!,
    options.cache,
    signal,
  );
  const where = await machine(kind, [], strata);
  await using disk = await openDisk(options.work, kind, signal);
  const figures = await runRows({ tree, strata, disk, rounds, signal, log });
  keepResult(resultsOf(options), 'runs', { machine: where, figures } satisfies MicroResult);
}

/** Without restic or a gateway, what has to do with a service is left out. */
async function sessions(options: Options, kind: Kind, signal: AbortSignal): Promise<void> {
  const { strata, rounds, work } = options;
  const modules = CORPORA.find(({ name }) => name === 'modules')!;
  const { tree: source, ...size } = await corpus(modules, options.cache, signal);
  const restic = servicePeers(strata).filter(({ name }) => name === 'restic');
  const isThere = missing('radosgw') === undefined && (await succeeds(restic[0]!.probe));
  if (!isThere) log(`restic or the gateway of Ceph is not here: ${INSTALL}`);
  const where = await machine(kind, isThere ? [...restic, { probe: GATEWAY_VERSION }] : [], strata);
  const figures = await sessionRows({
    source,
    ...size,
    strata,
    work,
    rounds,
    hasService: isThere,
    openDisk: () => openDisk(work, kind, signal),
    signal,
    log,
  });
  keepResult(resultsOf(options), 'sessions', { machine: where, figures } satisfies MicroResult);
}

/** The corpora of many files; one file that nothing can compress is `--scale`. */
async function service(options: Options, kind: Kind, signal: AbortSignal): Promise<void> {
  if (missing('radosgw') !== undefined)
    throw new UsageError('the gateway of Ceph is not here: npm run services install');
  const { strata, work, cache, rounds } = options;
  const present = await presentPeers(options, servicePeers(strata));
  const keep = async (tree: Tree, plan: Omit<ServicePlan, 'work' | 'disk' | 'signal' | 'log'>) => {
    log(`${tree.corpus}: ${tree.files} files, ${(tree.bytes / 1e6).toFixed(0)} MB, ${plan.rounds} rounds`);
    const where = await machine(kind, [...plan.peers, { probe: GATEWAY_VERSION }], strata);
    const rows = await runService({ ...plan, work, disk: kind, signal, log });
    const result = { machine: where, ...tree, rounds: plan.rounds, ...rows };
    keepResult(resultsOf(options), `service-${tree.corpus}`, result satisfies ServiceResult);
    if (rows.failures.length > 0) process.exitCode = 1;
  };
  const corpora = CORPORA.filter(({ name, alone }) => alone !== true && options.corpora.includes(name));
  const names = corpora.map(({ name }) => name);
  for (const each of corpora) {
    const { tree: source, ...size } = await corpus(each, cache, signal);
    const { name, about, renamed } = each;
    const plan = { source, renamed, peers: present, rounds, store: 'memstore' } as const;
    await keep({ corpus: name, about, ...size }, { ...plan, ...operationsFor(name, names) });
  }
  const own = present.filter(({ name }) => name === 'strata');
  if (!options.scale || own.length === 0) return;
  await keep(
    { corpus: LARGE_FILE, about: describeTree(LARGE_FILE, 1), files: 1, bytes: LARGE },
    {
      source: (tree) => makeTree(LARGE_FILE, tree, 1, signal),
      peers: own,
      rounds: 1,
      operations: ['first', 'unchanged', 'restore'],
      counted: [],
      // More than the other one holds.
      store: 'bluestore',
    },
  );
}

function resultsOf({ cache, trial }: Options): string {
  return join(cache, trial ? 'results-trial' : 'results');
}

function writeReport(options: Options): void {
  const corpora = CORPORA.map(({ name }) => name);
  const results = readResults(resultsOf(options), corpora, SCALE_TREES);
  const page = report(results, peers(options.strata));
  mkdirSync(options.out, { recursive: true });
  writeFileSync(join(options.out, 'results.md'), page);
  if (results.corpora.length > 0) writeFileSync(join(options.out, 'results.svg'), plot(results.corpora));
  process.stdout.write(page);
  log(`this is in ${join(options.out, 'results.md')}`);
}

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    log('\nstopping, and cleaning up');
    controller.abort(new UsageError('stopped'));
  });
try {
  await main(process.argv.slice(2), controller.signal);
} catch (error) {
  process.exitCode = controller.signal.aborted ? 130 : error instanceof UsageError ? 2 : 1;
  log(error instanceof UsageError ? `bench: ${error.message}` : `bench: ${inspect(error)}`);
  if (error instanceof UsageError && !controller.signal.aborted) log('npm run bench -- --help has examples');
}
