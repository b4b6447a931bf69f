/** A store of objects that everybody knows, with a cache around it; and a process that reads through one. */

import { globSync, lstatSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Sealed } from '../chunk/index.ts';
import { noise } from '../testing/noise.ts';
import { sequence } from '../testing/flaky.ts';
import { cached } from './cached.ts';
import type { CacheOptions } from './cached.ts';
import { openMemoryStore } from './memory.ts';
import type { Store } from './store.ts';

export const KNOWN_OBJECTS = 6;
export const KNOWN_BYTES = 300_000;

const made = new Map<number, Sealed>();

export function known(at: number): Sealed {
  const bytes = made.get(at) ?? (noise(`known ${at}`, KNOWN_BYTES) as Sealed);
  made.set(at, bytes);
  return bytes;
}

export interface Counted {
  readonly store: Store;
  readonly cache: Store;
  readonly hits: number[];
  readonly misses: number[];
  readonly lines: string[];
}

/** A cache around a store, and what it tells. */
export function counting(
  directory: string,
  most: number,
  options: Partial<CacheOptions> = {},
  store: Store = openMemoryStore(),
): Counted {
  const [hits, misses, lines]: [number[], number[], string[]] = [[], [], []];
  const cache = cached(store, {
    directory,
    most,
    identity: 'a store',
    keeps: (name) => !name.startsWith('heads/'),
    onHit: (bytes) => hits.push(bytes),
    onMiss: (bytes) => misses.push(bytes),
    log: (line) => lines.push(line),
    ...options,
  });
  return { store, cache, hits, misses, lines };
}

export const range = (offset: number, length: number) => ({ range: { offset, length } });

/** The files that are entries, by their paths. */
export function entriesIn(directory: string): string[] {
  return globSync(join(directory, '*/*/*')).filter((path) => basename(dirname(path)) !== 'drafts');
}

export function bytesIn(directory: string): number {
  return globSync(join(directory, '**/*'))
    .map((path) => lstatSync(path, { throwIfNoEntry: false }))
    .reduce((sum, stats) => sum + (stats?.isFile() === true ? stats.size : 0), 0);
}

/** One object of 300,000 bytes that was read, and so is kept in `entry`. */
export async function withOne(directory: string) {
  const world = counting(directory, 16 * 1024 * 1024);
  await world.store.put('packs/0', [known(0)]);
  await world.cache.get('packs/0');
  const [entry = ''] = entriesIn(directory);
  return { ...world, directory, entry };
}

/** Reads ranges by chance. @returns how many were wrong, and how many were hits */
async function readMany(directory: string, most: number, seed: number, rounds: number): Promise<string> {
  const { store, cache, hits, lines } = counting(directory, most);
  for (let at = 0; at < KNOWN_OBJECTS; at++) await store.put(`packs/${at}`, [known(at)]);
  const chance = sequence(seed);
  const pick = (count: number) => Math.floor(chance() * count);
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    const at = pick(KNOWN_OBJECTS);
    const offset = pick(10) * 25_000;
    const length = 1 + pick(KNOWN_BYTES - offset);
    const bytes = await cache.get(`packs/${at}`, { range: { offset, length } });
    if (Buffer.compare(bytes, known(at).subarray(offset, offset + length)) !== 0) wrong++;
  }
  return JSON.stringify({ wrong, hits: hits.length, lines });
}

/** Gets stuck in the middle of a put. */
async function putHalf(directory: string, most: number): Promise<void> {
  async function* body(): AsyncIterable<Sealed> {
    yield known(0);
    process.stdout.write('half\n');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  await counting(directory, most).cache.put('packs/0', body());
}

const [script, directory, most, seed, rounds] = process.argv.slice(1);
if (script === import.meta.filename && directory !== undefined) {
  if (seed === undefined) await putHalf(directory, Number(most));
  else process.stdout.write(await readMany(directory, Number(most), Number(seed), Number(rounds)));
}
