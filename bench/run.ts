/**
 * Whole commands against their peers: `npm run bench [-- DIR] [--rounds N]`. Times are of one machine in one hour; the ratios
 * are what lasts. Nothing is deleted between rounds: files made soon after many were removed are 5–10 times slower on ext4.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { OPERATIONS, peers } from './peers.ts';
import type { Operation, Peer } from './peers.ts';

const ROOT = resolve(import.meta.dirname, '..');
const RESULTS = join(ROOT, 'bench', 'results.md');

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const tree = resolve(positionals[0] ?? join(ROOT, 'node_modules'));

/** Seconds by peer and operation, one a round. */
const seconds = new Map<string, number[]>();
const storeBytes = new Map<string, number>();

const place = mkdtempSync(join(tmpdir(), 'strata-bench-'));
try {
  const present = peers(join(ROOT, 'bin', 'strata')).filter(isPresent);
  // Warms the page cache: what is measured is the program, not the disk.
  shell('find "$TREE" -type f -exec cat {} + >/dev/null', { TREE: tree });
  for (let round = 0; round < rounds; round++) {
    const order = rotated(present, round);
    const directories = new Map(order.map((peer, at) => [peer.name, join(place, `${round}-${at}`)]));
    for (const peer of order) prepare(peer, directories.get(peer.name)!);
    for (const operation of OPERATIONS) {
      for (const peer of order) measure(peer, operation, directories.get(peer.name)!);
    }
    for (const peer of order) storeBytes.set(peer.name, size(join(directories.get(peer.name)!, 'store')));
  }
  const report = table(present);
  writeFileSync(RESULTS, report);
  process.stdout.write(report);
} finally {
  rmSync(place, { recursive: true, force: true });
}

function isPresent(peer: Peer): boolean {
  const here = spawnSync('sh', ['-c', peer.probe], { stdio: 'ignore' }).status === 0;
  if (!here) process.stderr.write(`${peer.name} is not here: npm run services install\n`);
  return here;
}

function prepare(peer: Peer, directory: string): void {
  mkdirSync(directory);
  if (peer.init !== undefined) shell(peer.init, environment(directory));
}

function measure(peer: Peer, operation: Operation, directory: string): void {
  const command = peer.commands[operation];
  if (command === undefined) return;
  spawnSync('sync');
  const started = performance.now();
  shell(command, environment(directory));
  const key = `${peer.name} ${operation}`;
  const times = seconds.get(key) ?? [];
  times.push((performance.now() - started) / 1000);
  seconds.set(key, times);
}

function environment(directory: string): Record<string, string> {
  const store = join(directory, 'store');
  return {
    TREE: tree,
    STORE: store,
    OUT: join(directory, 'out'),
    RESTIC_REPOSITORY: store,
    RESTIC_PASSWORD: 'bench',
    RESTIC_CACHE_DIR: join(directory, 'cache'),
  };
}

function shell(command: string, variables: Record<string, string>): void {
  const { status } = spawnSync('sh', ['-c', command], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`failed with ${status}: ${command}`);
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

function size(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function table(present: readonly Peer[]): string {
  const first = present[0]!.name;
  const cell = (peer: Peer, operation: Operation) => {
    const own = median(seconds.get(`${peer.name} ${operation}`) ?? []);
    const ratio = own / median(seconds.get(`${first} ${operation}`) ?? []);
    return peer.name === first ? `${own.toFixed(2)} s` : `${own.toFixed(2)} s (${ratio.toFixed(2)}×)`;
  };
  const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length;
  const rows = present.map(
    (peer) =>
      `| ${[peer.name, ...OPERATIONS.map((operation) => cell(peer, operation)), `${(storeBytes.get(peer.name)! / 1e6).toFixed(1)} MB`].join(' | ')} |`,
  );
  return [
    '# Results',
    '',
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}; medians of ${rounds} rounds in`,
    `rotated order, page cache warm. The tree is this project's node_modules: ${files} files, ${(size(tree) / 1e6).toFixed(0)} MB. In brackets: times Strata's.`,
    '`npm run bench` makes this page.',
    '',
    `| | ${[...OPERATIONS, 'store after two saves'].join(' | ')} |`,
    `|---|${'---|'.repeat(OPERATIONS.length + 1)}`,
    ...rows,
    '',
  ].join('\n');
}
