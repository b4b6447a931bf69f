/** The benchmark: whoever reads its results has to be able to trust what it does between the commands. */

import { hash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ONE_FILE, addOneFile } from '../bench/corpora.ts';
import { edit, planEdit } from '../bench/edit.ts';
import { openDisk } from '../bench/filesystem.ts';
import { UsageError, readOptions } from '../bench/options.ts';
import { COPY, DIGEST, commandOf, peers } from '../bench/peers.ts';
import type { Operation } from '../bench/peers.ts';
import { plot } from '../bench/plot.ts';
import { report } from '../bench/report.ts';
import { keepResult, readResults } from '../bench/results.ts';
import type { CorpusResult, Row } from '../bench/results.ts';
import { runRounds } from '../bench/rounds.ts';
import { isFileOf } from '../bench/scale.ts';
import { shell } from '../bench/shell.ts';
import { median, ratioOf } from '../bench/statistics.ts';
import { judge } from '../bench/targets.ts';
import { differencesOf, filesIn } from '../bench/tree.ts';
import { describeWith } from '../src/testing/need.ts';

const STRATA = resolve('bin/strata');
const ALL = peers(STRATA);

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'strata-bench-test-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function makeTree(path: string, files: number): string {
  mkdirSync(join(path, 'inner/deep'), { recursive: true });
  for (let at = 0; at < files; at++)
    writeFileSync(join(path, at % 2 === 0 ? 'inner' : 'inner/deep', `file-${at}`), `${at} `.repeat(at + 1));
  addOneFile(path);
  return path;
}

function made(peer: string, operation: Operation, walls: readonly number[], more: Partial<Row> = {}): Row[] {
  return walls.map((wall, round) => ({
    peer,
    operation,
    round,
    wall,
    cpu: wall,
    peakBytes: 1e8,
    writtenBytes: 1e6,
    ...(['first', 'unchanged', 'edited'].includes(operation) ? { storeBytes: 1e6, addedBytes: 1e6 } : {}),
    ...more,
  }));
}

function result(rows: readonly Row[], corpus = 'session'): CorpusResult {
  const machine = {
    date: '2026-01-01 00:00',
    processor: '2 × test',
    memory: '1 GiB',
    system: 'Linux',
    load: 0,
    filesystem: 'none',
    node: '24.0.0',
    commit: 'none',
    versions: [],
  };
  return { machine, corpus, about: 'a tree', files: 3, bytes: 8e8, rounds: 3, rows, failures: [] };
}

const ROWS = [
  ...made('strata', 'first', [1, 2, 4]),
  // Always twice our time in the same round, though its median is not.
  ...made('restic', 'first', [2, 4, 8]),
  ...made('borg', 'first', [5, 5, 5], { storeBytes: 2e6 }),
  ...made('tar + zstd + sync', 'first', [1, 1, 4]),
  ...made('strata', 'restore', [1, 1, 1]),
  ...made('restic', 'restore', [1, 1, 1], { differences: { count: 2, first: 'a|b: its content' } }),
  ...made('borg', 'restore', [1.5, 1.5, 1.5]),
  ...made('strata', 'unchanged', [0.1, 0.1, 0.1]),
  ...made('restic', 'unchanged', [0.2, 0.2, 0.2]),
];

describe('figures', () => {
  it('takes ratios inside a round', () => {
    expect([median([3, 1, 2]), median([1, 2, 4, 3])]).toEqual([2, 2.5]);
    expect(ratioOf(ROWS, 'restic', 'strata', 'first')).toBe(2);
    expect(ratioOf(ROWS, 'borg', 'strata', 'first')).toBe(2.5);
    expect(ratioOf(ROWS, 'casync', 'strata', 'first')).toBeUndefined();
  });

  it('judges by target and floor, and never by a peer that brought back something else', () => {
    const verdicts = judge(result(ROWS)).map(({ row, against, verdict }) => [row, against, verdict]);
    expect(verdicts).toEqual([
      ['first save', 'restic', 'above the floor'],
      ['first save, durable', 'tar + zstd + sync', 'met'],
      ['store after the first save', 'restic', 'met'],
      ['unchanged save', 'restic', 'met'],
      ['full restore', 'borg', 'above the floor'],
    ]);
    const noise = judge(result(made('strata', 'first', [1.1]), 'noise')).map(({ verdict }) => verdict);
    expect(noise).toEqual(['not measured', 'not measured', 'above the floor']);
    const beside = [
      ...made('strata', 'first', [1.1]),
      ...made(DIGEST, 'first', [0.5]),
      ...made(COPY, 'first', [1]),
    ];
    expect(judge(result(beside, 'noise')).at(-1)).toMatchObject({
      value: expect.stringMatching(
        /^\d+ MB\/s; 0\.45 of SHA-256 of one thread \(\d+\); 0\.91 of a copy with fsync \(\d+\)$/,
      ) as string,
    });
  });

  it('reports all of it, what went wrong too', () => {
    const page = report({ corpora: [result(ROWS)], service: [], scale: [] }, ALL);
    expect(page).toContain('| restic | 4.00 (2.00×) | 0.20 (2.00×) | 1.00 (1.00×) |');
    expect(page).toContain(
      String.raw`restic, full restore: 2 paths came back different, as a\|b: its content`,
    );
    const tables = page.split('\n\n').filter((part) => part.startsWith('|'));
    for (const table of tables) {
      const widths = table.split('\n').map((line) => line.replaceAll(String.raw`\|`, '').split('|').length);
      expect([table, new Set(widths).size]).toEqual([table, 1]);
    }
    expect(tables).toHaveLength(4);
    expect(page).not.toMatch(/undefined|NaN/);
    for (const { name } of ALL) expect(page).toContain(`- **${name}**: `);
  });

  it('keeps results between runs, and forgets those of another format', () => {
    keepResult(place, 'corpus-session', result(ROWS));
    writeFileSync(join(place, 'micro.json'), '{"machine":{},"figures":[]}');
    const kept = readResults(place, ['session', 'noise'], ['spread']);
    expect(kept).toEqual({ corpora: [result(ROWS)], micro: undefined, service: [], scale: [] });
  });

  it('draws a longer bar for the slower one', () => {
    const svg = plot([result(ROWS), result(ROWS, 'a & b')]);
    const bars = [...svg.matchAll(/end">([^<]*)<\/text><rect [^>]*width="([\d.]+)"/g)];
    const lengths = new Map(bars.slice(0, 4).map(([, name = '', width]) => [name, Number(width)]));
    expect(bars).toHaveLength(18);
    expect(lengths.get('restic')).toBeCloseTo(2 * lengths.get('strata')!, 0);
    expect(svg).toContain('a &amp; b');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg.match(/<g /g)).toHaveLength(svg.match(/<\/g>/g)!.length);
  });
});

describe('trees', () => {
  it('edits one file in a hundred, and nothing that is kept', () => {
    const files = Array.from({ length: 2000 }, (_, at) => ({ path: `f${at}`, size: at }));
    const plan = planEdit([...files, { path: '.git/pack', size: 1e9 }], ['.git/']);
    expect([plan.appended.length, plan.touched.length, plan.removed.length, plan.added]).toEqual([
      10, 10, 5, 5,
    ]);
    expect(plan.inserted).toBe('f1999');
    const all = [...plan.appended, ...plan.touched, ...plan.removed, plan.inserted];
    expect(new Set(all).size).toBe(all.length);
  });

  it('edits a tree in place, and tells what differs then', () => {
    const [before, after] = [makeTree(join(place, 'a'), 9), makeTree(join(place, 'b'), 9)];
    const micros = 1n << 62n;
    expect(differencesOf(before, after, micros)).toEqual([]);
    const plan = edit(after, ['one/'], 'inner', new Date());
    expect(filesIn(after).map(({ path }) => path)).toContain(`added/0.bin`);
    expect(filesIn(after).find(({ path }) => path.endsWith('file-8'))!.size).toBe(9 * 2 + 100);
    const changed = differencesOf(join(before, 'inner'), join(after, 'inner-renamed'), micros);
    const expected = [...plan.appended, ...plan.removed, plan.inserted!].map((path) =>
      path.slice('inner/'.length),
    );
    expect(changed.map((line) => line.split(':')[0]).sort()).toEqual(expected.sort());
  });

  it('tells modes and times apart', () => {
    const [one, other] = [makeTree(join(place, 'a'), 4), makeTree(join(place, 'b'), 4)];
    const time = new Date('2025-01-01');
    for (const tree of [one, other])
      for (const { path } of filesIn(tree)) utimesSync(join(tree, path), time, time);
    chmodSync(join(other, 'inner/file-0'), 0o600);
    utimesSync(join(other, 'inner/file-2'), time, new Date(time.getTime() + 1));
    const files = differencesOf(one, other, 1n).filter((line) => line.includes('file-'));
    expect(files).toEqual(['inner/file-0: its kind or mode', 'inner/file-2: its time, by -1000 µs']);
  });

  it('knows a file that was opened', () => {
    const line = (flags: string, path: string) =>
      `openat(AT_FDCWD</>, "/proc/self/fd/9/a", ${flags}) = 22<${path}>`;
    expect(isFileOf(line('O_RDONLY|O_CLOEXEC', '/tree/a'), '/tree')).toBe(true);
    expect(isFileOf(line('O_RDONLY|O_DIRECTORY', '/tree/a'), '/tree')).toBe(false);
    expect(isFileOf(line('O_RDONLY', '/trees/a'), '/tree')).toBe(false);
    expect(isFileOf('openat(AT_FDCWD</>, "/tree/a", O_RDONLY) = -1 ENOENT (No such file)', '/tree')).toBe(
      false,
    );
  });
});

describe('the command line', () => {
  it.each([
    [['--rounds', '0'], '--rounds takes a number'],
    [['--corpora', 'session,nothing'], 'not nothing'],
    [['everything'], 'the mode is one of compare, micro'],
    [['micro', 'scale'], 'one mode at a time'],
    [['--strata', '/nowhere'], 'there is no /nowhere'],
    [['--fast'], '--fast'],
  ])('refuses %j', (words, message) => {
    expect(() => readOptions(words, {})).toThrow(UsageError);
    expect(() => readOptions(words, {})).toThrow(message);
  });

  it('keeps the results of trials out of the way', () => {
    const options = readOptions(['--quick'], { XDG_CACHE_HOME: '/cache' });
    expect(options).toMatchObject({ corpora: ['session'], out: '/cache/strata-bench/trial', rounds: 2 });
    expect(readOptions(['--corpora', 'noise'], {})).toMatchObject({ trial: false, out: resolve('bench') });
    expect(readOptions(['--peers', 'tar + zstd,strata'], {})).toMatchObject({
      peers: ['strata', 'tar + zstd'],
    });
  });
});

describeWith(['time'], 'a whole round', () => {
  it('runs Strata and tar on a small tree, and both bring it back', async () => {
    const source = makeTree(join(place, 'source'), 20);
    const operations = ['first', 'unchanged', 'edited', 'restore', 'one'] as const;
    const signal = new AbortController().signal;
    const { rows, failures } = await runRounds({
      source,
      operations,
      renamed: 'inner',
      peers: ALL.filter(({ name }) => ['strata', 'tar'].includes(name)),
      pause: 0,
      rounds: 1,
      openDisk: () => openDisk(join(place, 'work'), 'directory', signal),
      signal,
      log: () => {},
    });
    expect(failures).toEqual([]);
    expect(rows.map(({ peer, operation }) => `${operation} ${peer}`)).toEqual(
      operations.flatMap((operation) => [`${operation} strata`, `${operation} tar`]),
    );
    for (const { wall, peakBytes } of rows) {
      expect(wall).toBeGreaterThan(0);
      expect(peakBytes).toBeGreaterThan(1e5);
    }
    const verified = rows.filter(({ differences }) => differences !== undefined);
    expect(verified.map(({ differences }) => differences)).toEqual(
      Array.from({ length: 4 }, () => ({ count: 0, first: '' })),
    );
    const again = rows.find(({ peer, operation }) => peer === 'strata' && operation === 'unchanged')!;
    expect(again.addedBytes).toBeLessThan(rows[0]!.addedBytes!);
  });

  it('hashes what a rate is seen against', async () => {
    const { commands } = ALL.find(({ name }) => name === DIGEST)!;
    const source = join(place, 'hashed');
    mkdirSync(join(source, 'inner'), { recursive: true });
    const bytes = Buffer.alloc(3_000_000, 'some');
    writeFileSync(join(source, 'inner/file'), bytes);
    const printed = shell(commands.first!, { env: { ...process.env, TREE: source } });
    await expect(printed).resolves.toBe(`${hash('sha256', bytes)}\n`);
  });

  it('copies what a rate is seen against', async () => {
    const { commands } = ALL.find(({ name }) => name === COPY)!;
    const [source, store] = [join(place, 'copied'), join(place, 'copies')];
    for (const each of [source, store]) mkdirSync(each);
    writeFileSync(join(source, 'file'), 'some');
    await shell(commands.first!, { env: { ...process.env, TREE: source, STORE: store } });
    expect(readFileSync(join(store, 'copy'), 'utf8')).toBe('some');
  });

  it('every peer has a command for what it is compared in', () => {
    expect(ALL.filter((peer) => commandOf(peer, 'first') === undefined).map(({ name }) => name)).toEqual([
      'find + node',
      'cp',
    ]);
    expect(readFileSync(resolve('bench/corpora/modules/package-lock.json'), 'utf8')).not.toContain(
      '"resolved"',
    );
    expect(ONE_FILE.startsWith('one/')).toBe(true);
  });
});
