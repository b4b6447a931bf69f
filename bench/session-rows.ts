/** Sessions: what it takes to rest, to go on with another runner, and to look back, beside tools that do only what cannot be left out. */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { KEPT } from './corpora.ts';
import { editLine } from './edit.ts';
import type { Disk } from './filesystem.ts';
import { environmentOf, peers } from './peers.ts';
import type { Peer } from './peers.ts';
import { requestsIn } from './proxy.ts';
import type { Figure } from './results.ts';
import { openService } from './service.ts';
import type { Service } from './service.ts';
import { figuresOf } from './session-figures.ts';
import type { SessionSamples } from './session-figures.ts';
import { SessionHome } from './session-home.ts';
import { quote, shell, timed } from './shell.ts';
import { bytesIn, differencesOf } from './tree.ts';

export interface SessionRowsPlan {
  /** A tree of many files. */
  readonly source: string;
  readonly files: number;
  readonly bytes: number;
  /** Where `bin/strata` is. */
  readonly strata: string;
  /** For what the service keeps on the disk. */
  readonly work: string;
  readonly openDisk: () => Promise<Disk>;
  readonly rounds: number;
  /** Restic is here, and a gateway to save to. */
  readonly hasService: boolean;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

interface Round extends SessionRowsPlan {
  readonly disk: Disk;
  /** What sessions start with, on the disk. */
  readonly tree: string;
  readonly samples: SessionSamples;
}

const NAME = 'work';
/** So that a file which was written just now is believed to be at rest. Seconds. */
const PAUSE = 1.1;
/** Commands that take so little that one of them says nothing. */
const SHORT_TIMES = 5;
const MB = 1024 * 1024;

export async function sessionRows(plan: SessionRowsPlan): Promise<Figure[]> {
  const all: SessionSamples[] = [];
  for (let number = 0; number < plan.rounds; number++) {
    await using disk = await plan.openDisk();
    const samples: SessionSamples = { means: '' };
    const round = { ...plan, disk, tree: join(disk.path, 'tree'), samples };
    await shell(`cp -a ${quote(plan.source)} ${quote(round.tree)}`, { signal: plan.signal });
    await onDisk(round);
    if (plan.hasService) await onService(round);
    all.push(samples);
  }
  const figures = figuresOf(all);
  for (const { name, value, unit } of figures) plan.log(`  ${name.padEnd(56)} ${value.toFixed(2)} ${unit}`);
  return figures;
}

async function onDisk(round: Round): Promise<void> {
  const { disk, strata, signal, samples } = round;
  const place = join(disk.path, 'local');
  const store = join(place, 'store');
  const home = new SessionHome({ place, strata, signal });
  home.configure({ provider: 'local', local: { path: store } });
  await using session = await begin(home, round);
  samples.means = session.means;
  samples.look = await look(session.directory, round);
  const edited = await edit(session.directory);
  const before = bytesIn(store);
  samples.suspend = await after(round, () => home.timed(`sessions suspend ${NAME}`));
  samples.added = bytesIn(store) - before;

  samples.tar = await tar(round);
  await using runner = await home.runner();
  samples.resume = await after(round, () => home.timed(`sessions resume ${NAME} --runner ${runner.name}`));
  await expectTree(home, round, edited);
  samples.start = await shortest(() => home.timed('version'));
  samples.open = await shortest(() => home.timed(`sessions get ${NAME}`));
  samples.plan = await shortest(() => home.timed(`sessions restore ${NAME}@1 --dry-run`));
  samples.fork = await shortest((time) => home.timed(`sessions fork ${NAME}@1 --name fork-${time}`));
}

async function onService(round: Round): Promise<void> {
  const { disk, strata, signal, samples, work } = round;
  const peer = peers(strata).find(({ name }) => name === 'restic')!;
  await using service = await openService({
    kind: 'memstore',
    work,
    peers: [{ ...peer, name: NAME }, peer],
    counted: false,
  });
  const place = join(disk.path, 'service');
  const home = new SessionHome({ place, strata, signal, env: service.environment(NAME, 'first') });
  const configure = (operation: 'first' | 'near') => {
    const { ENDPOINT: endpoint, BUCKET: bucket } = service.environment(NAME, operation);
    home.configure({ provider: 's3', s3: { endpoint, bucket } });
  };
  configure('first');
  await using session = await begin(home, round);
  samples.serviceLook = await look(session.directory, round);
  await edit(session.directory);
  samples.serviceSuspend = await after(round, () => home.timed(`sessions suspend ${NAME}`));
  // Once more with its requests counted.
  await home.run(`--quiet sessions resume ${NAME}`);
  const edited = await edit(session.directory);
  configure('near');
  service.traffic();
  await home.timed(`sessions suspend ${NAME}`);
  const traffic = service.traffic()!;
  Object.assign(samples, { requests: requestsIn(traffic), sent: traffic.up, waited: traffic.busy / 1000 });
  configure('first');

  rmSync(join(home.home, 'cache', 'objects'), { recursive: true, force: true });
  await using runner = await home.runner();
  samples.serviceResume = await after(round, () =>
    home.timed(`sessions resume ${NAME} --runner ${runner.name}`),
  );
  await expectTree(home, round, edited);
  samples.restic = await restic(round, peer, service);
}

/** A session at work with the tree, by a snapshot of it. Disposed of, nothing of it is mounted any more. */
async function begin(home: SessionHome, { tree, bytes }: Round) {
  await home.run(`--quiet workspaces save ${quote(tree)} -w tree`);
  // Twice what it has, as somebody would give it room to work.
  const quota = Math.ceil((2 * bytes) / MB);
  const words = `--name ${NAME} --from tree --workspace-mobility object_sync --workspace-quota ${quota}`;
  await home.run(`--quiet sessions create ${words}`);
  return {
    directory: await home.directory(NAME),
    means: await home.means(NAME),
    [Symbol.asyncDispose]: async () => void (await home.run(`sessions terminate ${NAME} --discard`)),
  };
}

/** Seconds of what cannot be done without: to look at every file, and to start. The first look only makes it warm. */
async function look(directory: string, round: Round): Promise<number> {
  const { strata, signal } = round;
  const words = peers(strata).find(({ name }) => name === 'find + node')!.commands.unchanged!;
  const env = environmentOf({ TREE: directory });
  await shell(words, { env, signal });
  return after(round, () => timed(words, { env, signal }));
}

/** @returns what is edited, below the directory */
async function edit(directory: string): Promise<string> {
  const path = editLine(directory, KEPT);
  await sleep(PAUSE * 1000);
  return path;
}

/** Seconds of the extraction. */
async function tar({ disk, tree, signal, ...round }: Round): Promise<number> {
  const archive = quote(join(disk.path, 'tree.tar'));
  const out = quote(join(disk.path, 'tar'));
  await shell(`tar -C ${quote(tree)} -cf ${archive} . && mkdir ${out} && cat ${archive} >/dev/null`, {
    signal,
  });
  return after({ disk, tree, signal, ...round }, () => timed(`tar -C ${out} -xf ${archive}`, { signal }));
}

/** Seconds of its restore. */
async function restic(round: Round, { init, commands }: Peer, service: Service): Promise<number> {
  const { disk, tree, signal } = round;
  const places = { TREE: tree, CACHE: join(disk.path, 'restic-cache'), OUT: join(disk.path, 'restic') };
  for (const directory of [places.CACHE, places.OUT]) mkdirSync(directory);
  const env = { ...environmentOf(places), ...service.environment('restic', 'restore') };
  await shell(init!, { env, signal });
  await shell(commands.save!, { env, signal });
  return after(round, () => timed(commands.restore!, { env, signal }));
}

async function after({ disk }: Round, act: () => Promise<number>): Promise<number> {
  await disk.settle();
  return act();
}

async function shortest(act: (time: number) => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < SHORT_TIMES; time++) times.push(await act(time));
  return Math.min(...times);
}

/** @throws if anything but the edited file is another one than in the tree */
async function expectTree(home: SessionHome, { tree }: Round, edited: string): Promise<void> {
  const directory = await home.directory(NAME);
  const wrong = differencesOf(tree, directory, 1n).filter((line) => !line.startsWith(`${edited}: `));
  if (wrong.length > 0) throw new Error(`${wrong.length} paths came back different: ${wrong[0]}`);
}
