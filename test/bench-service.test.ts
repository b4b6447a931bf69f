/** The benchmark on a service: what is done, and what it says of it. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addOneFile } from '../bench/corpora.ts';
import { editLine } from '../bench/edit.ts';
import { readOptions } from '../bench/options.ts';
import { openDisk } from '../bench/filesystem.ts';
import { OPERATIONS, commandOf, isSave } from '../bench/peers.ts';
import type { Operation } from '../bench/peers.ts';
import type { Traffic } from '../bench/proxy.ts';
import { report } from '../bench/report.ts';
import type { Row, ServiceResult } from '../bench/results.ts';
import { runRounds } from '../bench/rounds.ts';
import { servicePeers } from '../bench/service-peers.ts';
import { operationsFor, runService } from '../bench/service-rows.ts';
import { slowdownOf } from '../bench/statistics.ts';
import { judgeService } from '../bench/targets-service.ts';
import { filesIn } from '../bench/tree.ts';
import { describeWith } from '../src/testing/need.ts';

const PEERS = servicePeers(resolve('bin/strata'));

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'strata-bench-test-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const SMALL: Traffic = {
  requests: { put: 4, get: 2, look: 0, list: 2, delete: 0 },
  up: 90e3,
  down: 10e3,
  busy: 0,
};

function made(peer: string, operation: Operation, walls: readonly number[], more: Partial<Row> = {}): Row[] {
  const rest = { cpu: 1, peakBytes: 1e8, writtenBytes: 1e6 };
  return walls.map((wall, round) => ({ peer, operation, round, wall, ...rest, ...more }));
}

function result(rows: readonly Row[], counted: readonly Row[], corpus = 'session'): ServiceResult {
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
  const tree = { corpus, about: 'a tree', files: 3, bytes: 5e8 };
  return { machine, ...tree, rounds: 3, rows, failures: [], counted };
}

const ROWS = [
  ...made('strata', 'first', [1, 2, 4]),
  ...made('restic', 'first', [3, 4, 8]),
  ...made('strata', 'unchanged', [1, 1, 1]),
  ...made('restic', 'unchanged', [1.6, 1.6, 1.6]),
  ...made('strata', 'restore', [2, 2, 2]),
  ...made('restic', 'restore', [2, 2, 2]),
  // The median of the ratios, which is not the ratio of the medians.
  ...made('strata', 'near', [1, 2, 10]),
  ...made('strata', 'far', [1.4, 2.6, 20]),
  ...made('restic', 'near', [1, 1, 1]),
  ...made('restic', 'far', [3, 3, 3]),
];

describe('figures', () => {
  it('judges what a service is asked for, and how much longer a line may take', () => {
    expect(slowdownOf(ROWS, 'strata', 'far', 'near')).toBeCloseTo(1.4);
    expect(slowdownOf(ROWS, 'strata', 'line', 'near')).toBeUndefined();
    const verdicts = (counted: readonly Row[], corpus?: string) =>
      judgeService(result(ROWS, counted, corpus)).map(({ row, value, verdict }) => [row, value, verdict]);
    const times = [
      ['first save', '2.00× as fast', 'met'],
      ['unchanged save', '1.60× as fast', 'above the floor'],
      ['full restore', '1.00× as fast', 'below the floor'],
    ];
    const far = ['full restore, 50 ms further away', '1.40× as long (restic 3.00×)', 'met'];
    const line = (traffic: Traffic) => made('strata', 'line', [1], { traffic });
    expect(verdicts(line(SMALL))).toEqual([
      ...times,
      ['save after one edited line', '8 requests, 100.0 KB', 'met'],
      far,
    ]);
    expect(verdicts(line({ ...SMALL, up: 250e3 }))[3]).toContain('missed');
    expect(verdicts(line({ ...SMALL, requests: { ...SMALL.requests, look: 1 } }))[3]).toContain('missed');
    expect(verdicts(line(SMALL), 'modules')).toEqual([...times, far]);
  });

  it('judges a large file by its memory alone', () => {
    const rows = [...made('strata', 'first', [9], { peakBytes: 401e6 }), ...made('strata', 'restore', [9])];
    const judged = judgeService(result(rows, [], 'large file'));
    expect(judged.map(({ value, verdict }) => [value, verdict])).toEqual([['401 MB', 'missed']]);
  });

  it('reports all of it in a section of its own', () => {
    const counted = [
      ...made('strata', 'first', [1], { traffic: SMALL }),
      ...made('restic', 'first', [1], { differences: { count: 1, first: 'a: its time' } }),
    ];
    const page = report({ corpora: [], service: [result(ROWS, counted)], scale: [] }, []);
    expect(page).toContain('| strata | 8, 16 for each GB (4 put, 2 get, 2 list); 0.09 MB / 0.01 MB |');
    expect(page).toContain('restic, first save: 1 path came back different, as a: its time');
    const tables = page.split('\n\n').filter((part) => part.startsWith('|'));
    for (const table of tables) {
      const widths = table.split('\n').map((line) => line.split('|').length);
      expect([table, new Set(widths).size]).toEqual([table, 1]);
    }
    expect(tables).toHaveLength(4);
    expect(page).not.toMatch(/undefined|NaN/);
  });
});

describe('what is done', () => {
  it('restores from far away once, and every peer has a command for all', () => {
    const all = ['session', 'modules', 'binaries'];
    expect(all.filter((name) => operationsFor(name, all).operations.includes('far'))).toEqual(['modules']);
    expect(operationsFor('session', ['session']).operations).toContain('far');
    expect(PEERS.map(({ name }) => name)).toEqual(['strata', 'restic']);
    for (const peer of PEERS)
      expect(OPERATIONS.filter((operation) => commandOf(peer, operation) === undefined)).toEqual([]);
    expect(commandOf(PEERS[0]!, 'far')).toBe(commandOf(PEERS[0]!, 'restore'));
    expect(OPERATIONS.filter(isSave)).toEqual(['first', 'unchanged', 'edited', 'line']);
  });

  it('adds one line to one source', () => {
    const tree = makeTree(join(place, 'tree'), 9);
    writeFileSync(join(tree, 'inner/large'), 'x'.repeat(100_000));
    const before = filesIn(tree);
    const path = editLine(tree, ['one/']);
    const grown = filesIn(tree).filter(({ size }, at) => size !== before[at]!.size);
    expect(grown.map((each) => each.path)).toEqual([path]);
    expect(path).toMatch(/file-\d$/);
  });

  it('takes --scale as no trial', () => {
    expect(readOptions(['service', '--scale'], {})).toMatchObject({
      mode: 'service',
      scale: true,
      trial: false,
    });
  });
});

describeWith(['time'], 'what comes ahead of an operation', () => {
  it('leaves nothing at hand of what is brought back', async () => {
    const log = join(place, 'log');
    const note = (word: string) => `echo ${word} >>'${log}'`;
    const signal = new AbortController().signal;
    const { rows, failures } = await runRounds({
      source: (tree) => Promise.resolve(void makeTree(tree, 3)),
      operations: ['first', 'restore', 'one'],
      peers: [
        {
          name: 'copy',
          probe: 'true',
          settings: '',
          micros: 1n,
          init: note('init'),
          before: note('before'),
          cold: note('cold'),
          commands: {
            save: note('save'),
            restore: 'cp -a "$TREE/." "$OUT"',
            one: 'cp "$TREE/$FILE" "$OUT/one"',
          },
        },
      ],
      pause: 0,
      rounds: 1,
      openDisk: () => openDisk(join(place, 'work'), 'directory', signal),
      signal,
      log: () => {},
    });
    expect(failures).toEqual([]);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'before',
      'init',
      'before',
      'save',
      'before',
      'cold',
      'before',
      'cold',
    ]);
    expect(rows.map(({ differences }) => differences?.count)).toEqual([undefined, 0, 0]);
  });
});

describeWith(['time', 'radosgw'], 'a whole round on a service', () => {
  it('is timed and counted, and what comes back is right', async () => {
    const { rows, failures, counted } = await runService({
      source: makeTree(join(place, 'source'), 20),
      operations: ['first', 'restore', 'far'],
      counted: ['first', 'line', 'one'],
      peers: PEERS.filter(({ name }) => name === 'strata'),
      rounds: 1,
      store: 'memstore',
      work: join(place, 'work'),
      disk: 'directory',
      signal: new AbortController().signal,
      log: () => {},
    });
    expect(failures).toEqual([]);
    expect(rows.map(({ operation }) => operation)).toEqual(['first', 'restore', 'far']);
    expect(
      [...rows, ...counted]
        .filter(({ differences }) => differences !== undefined)
        .map(({ operation, differences }) => [operation, differences!.count]),
    ).toEqual(['restore', 'far', 'one'].map((operation) => [operation, 0]));
    expect(rows.map(({ traffic }) => traffic !== undefined)).toEqual([false, false, true]);
    for (const { operation, traffic } of counted) {
      // Nothing of what is brought back is at hand.
      const needed = isSave(operation) ? traffic!.requests.put : traffic!.requests.get;
      expect([operation, needed > 0]).toEqual([operation, true]);
    }
  }, 120_000);
});

function makeTree(path: string, files: number): string {
  mkdirSync(join(path, 'inner'), { recursive: true });
  for (let at = 0; at < files; at++) writeFileSync(join(path, `inner/file-${at}`), `${at} `.repeat(at + 1));
  addOneFile(path);
  return path;
}
