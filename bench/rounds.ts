/**
 * All peers and operations on one corpus, some rounds of it. In a round every peer does an operation before the next operation
 * starts, and each round starts with another peer: what the machine does meanwhile meets all of them.
 */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { KEPT, ONE_FILE } from './corpora.ts';
import { edit, editLine } from './edit.ts';
import { measure } from './measure.ts';
import { commandOf, environmentOf, isRestore, isSave } from './peers.ts';
import type { Operation, Peer } from './peers.ts';
import type { Disk } from './filesystem.ts';
import type { Row } from './results.ts';
import type { Service } from './service.ts';
import { quote, shell } from './shell.ts';
import { bytesIn, differencesOf } from './tree.ts';

export interface Plan {
  /** What is copied to each disk, or what makes it there. */
  readonly source: string | ((tree: string) => Promise<void>);
  readonly operations: readonly Operation[];
  readonly renamed?: string | undefined;
  /** One peer after the other, each with the whole disk. */
  readonly alone?: boolean | undefined;
  readonly peers: readonly Peer[];
  /** Between a change of the tree and the next save. Seconds. */
  readonly pause: number;
  readonly rounds: number;
  readonly openDisk: () => Promise<Disk>;
  /** For peers that store nothing on the disk; a new one for each round, as the disk is. */
  readonly openService?: (() => Promise<Service>) | undefined;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
}

interface Round extends Plan {
  readonly disk: Disk;
  readonly service: Service | undefined;
  readonly number: number;
  /** What is saved, on the disk. */
  readonly tree: string;
  readonly rows: Row[];
  readonly failures: string[];
}

export async function runRounds(plan: Plan): Promise<Outcome> {
  const rows: Row[] = [];
  const failures: string[] = [];
  for (let number = 0; number < plan.rounds; number++) {
    await using disk = await plan.openDisk();
    await using service = await plan.openService?.();
    const tree = join(disk.path, 'tree');
    await runRound({ ...plan, disk, service, number, tree, rows, failures });
  }
  return { rows, failures };
}

async function runRound(round: Round): Promise<void> {
  const { source, tree, disk, operations, signal } = round;
  if (typeof source === 'string') await shell(`cp -a ${quote(source)} ${quote(tree)}`, { signal });
  else await source(tree);
  const order = rotated(round.peers, round.number);
  for (const peer of order) await prepare(round, peer);
  if (round.alone) {
    for (const peer of order) {
      await age(round);
      for (const operation of operations) await run(round, peer, operation);
      // One file of gigabytes: removing it does not slow what follows, and the next peer needs the room.
      await shell(`rm -rf ${quote(placeOf(round, peer))}`, { signal });
      await disk.trim();
    }
    return;
  }
  await age(round);
  for (const operation of operations) {
    if (operation === 'edited') {
      edit(tree, KEPT, round.renamed, new Date());
      await age(round);
    } else if (operation === 'line') {
      editLine(tree, KEPT);
      await age(round);
    }
    for (const peer of order) await run(round, peer, operation);
  }
}

/** For borg: it reads again next time what is as new as the newest file. */
async function age({ pause, signal }: Round): Promise<void> {
  await sleep(pause * 1000, undefined, { signal });
}

/** What is measured is the program, not the disk. GNU tar sees /dev/null and does not read: hence cat. */
async function readAll(directories: readonly string[], signal: AbortSignal): Promise<void> {
  for (const each of directories) await shell(`tar -C ${quote(each)} -cf - . | cat >/dev/null`, { signal });
}

function placeOf({ disk }: Round, peer: Peer): string {
  return join(disk.path, peer.name.replaceAll(/\W+/g, '-'));
}

function placesOf(round: Round, peer: Peer, operation: Operation): Record<string, string> {
  const place = placeOf(round, peer);
  return {
    TREE: round.tree,
    STORE: join(place, 'store'),
    CACHE: join(place, 'cache'),
    OUT: join(place, `out-${operation}`),
    FILE: ONE_FILE,
    // Nothing but a save makes one; later operations name the newest.
    SAVE: isSave(operation) ? operation : (round.operations.findLast(isSave) ?? operation),
  };
}

async function prepare(round: Round, peer: Peer): Promise<void> {
  const places = placesOf(round, peer, 'first');
  mkdirSync(places['STORE']!, { recursive: true });
  mkdirSync(places['CACHE']!, { recursive: true });
  const env = { ...environmentOf(places), ...round.service?.environment(peer.name, 'first') };
  for (const each of [peer.before, peer.init])
    if (each !== undefined) await shell(each, { env, signal: round.signal });
}

async function run(round: Round, peer: Peer, operation: Operation): Promise<void> {
  const command = commandOf(peer, operation);
  if (command === undefined) return;
  const { signal, disk, service, number, rows, failures } = round;
  const places = placesOf(round, peer, operation);
  if (!isSave(operation)) mkdirSync(places['OUT']!);
  const env = { ...environmentOf(places), ...service?.environment(peer.name, operation) };
  for (const each of [peer.before, isSave(operation) ? undefined : peer.cold])
    if (each !== undefined) await shell(each, { env, signal });
  await disk.settle();
  const { STORE = '', CACHE = '' } = places;
  await readAll(isSave(operation) ? [round.tree, STORE, CACHE] : [STORE, CACHE], signal);
  service?.traffic();
  try {
    const sample = await measure(command, { env, notes: disk.notes, signal });
    const traffic = service?.traffic();
    const before = rows.findLast(
      (row) => row.round === number && row.peer === peer.name && isSave(row.operation),
    );
    const storeBytes = isSave(operation) && service === undefined ? bytesIn(places['STORE']!) : undefined;
    const differences = number === 0 ? verify(peer, operation, places) : undefined;
    rows.push({
      ...sample,
      round: number,
      peer: peer.name,
      operation,
      ...(storeBytes === undefined ? {} : { storeBytes, addedBytes: storeBytes - (before?.storeBytes ?? 0) }),
      ...(differences === undefined ? {} : { differences }),
      ...(traffic === undefined ? {} : { traffic }),
    });
    const wrong = (differences?.count ?? 0) > 0 ? `, ${differences!.count} paths differ` : '';
    round.log(
      `  ${number + 1} ${operation.padEnd(9)} ${peer.name.padEnd(18)} ${sample.wall.toFixed(3)} s${wrong}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    // The others can still be measured; the results say what failed.
    const reason = error instanceof Error ? error.message : String(error);
    failures.push(`${peer.name}, ${operation}, round ${number + 1}: ${reason}`);
    round.log(`  ${number + 1} ${operation.padEnd(9)} ${peer.name.padEnd(18)} failed: ${reason}`);
  }
}

/** @returns undefined for what restores nothing */
function verify(peer: Peer, operation: Operation, places: Record<string, string>): Row['differences'] {
  const { OUT = '', TREE = '', FILE = '' } = places;
  if (isRestore(operation)) {
    const all = differencesOf(TREE, OUT, peer.micros);
    return { count: all.length, first: all[0] ?? '' };
  }
  if (operation !== 'one') return undefined;
  const one = join(OUT, 'one');
  const same = existsSync(one) && readFileSync(one).equals(readFileSync(join(TREE, FILE)));
  return { count: same ? 0 : 1, first: same ? '' : FILE };
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
