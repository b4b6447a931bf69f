/** What Strata wants to be, as ratios, and the floor below which it is not good enough. */

import { COPY, DIGEST } from './peers.ts';
import type { Operation } from './peers.ts';
import type { CorpusResult, Row } from './results.ts';
import { fastestOf, median, ratioOf, rowsOf, wallOf } from './statistics.ts';

export type Verdict = 'met' | 'above the floor' | 'below the floor' | 'missed' | 'not measured';

/** A target, and what came of it. */
export interface Judged {
  readonly row: string;
  /** Whom it is against. */
  readonly against: string;
  readonly value: string;
  readonly target: string;
  readonly floor: string;
  readonly verdict: Verdict;
}

const US = 'strata';
const STORES = ['restic', 'borg', 'casync'];
const BACKUPS = ['restic', 'borg'];

export function judge(result: CorpusResult): Judged[] {
  const { corpus, rows, bytes } = result;
  const has = (operation: Operation) => rowsOf(rows, US, operation).length > 0;
  if (corpus === 'noise')
    return [
      ...(has('first') ? [first(rows), durable(rows), rate(rows, bytes, 'first', 800, 600)] : []),
      ...(has('unchanged') ? [unchanged(rows)] : []),
      ...(has('restore') ? [restore(rows), rate(rows, bytes, 'restore', 900, 800)] : []),
    ];
  return [
    ...(has('first') ? [first(rows), durable(rows), store(rows)] : []),
    ...(has('unchanged') ? [unchanged(rows), ...(corpus === 'modules' ? [looking(rows)] : [])] : []),
    ...(has('edited') ? [edited(rows, corpus === 'binaries' ? 2 : 4), added(rows)] : []),
    ...(has('restore') ? [restore(rows)] : []),
    ...(has('one') ? [one(rows)] : []),
  ];
}

function first(rows: readonly Row[]): Judged {
  return faster(rows, 'first save', 'first', STORES, 3, 2);
}

function durable(rows: readonly Row[]): Judged {
  const base = 'tar + zstd + sync';
  const ratio = ratioOf(rows, US, base, 'first');
  return atMost('first save, durable', base, ratio, '×', 1.25);
}

function unchanged(rows: readonly Row[]): Judged {
  const judged = faster(rows, 'unchanged save', 'unchanged', BACKUPS, 4, 2);
  const wall = wallOf(rows, US, 'unchanged')!;
  const limit = 0.15;
  return {
    ...judged,
    value: `${judged.value}, ${(wall * 1000).toFixed(0)} ms`,
    target: `${judged.target} or < ${limit * 1000} ms`,
    verdict: wall < limit ? 'met' : judged.verdict,
  };
}

/** What cannot be done without: to look at every file, and to start. */
function looking(rows: readonly Row[]): Judged {
  const base = 'find + node';
  return atMost('unchanged save', base, ratioOf(rows, US, base, 'unchanged'), '× its time', 1.6);
}

function edited(rows: readonly Row[], target: number): Judged {
  return faster(rows, 'save after an edit', 'edited', STORES, target, 1.5);
}

function restore(rows: readonly Row[]): Judged {
  const judged = faster(rows, 'full restore', 'restore', STORES, 2, 1.3);
  const tar = ratioOf(rows, US, 'tar', 'restore');
  if (tar === undefined) return judged;
  const limit = 1.1;
  return {
    ...judged,
    value: `${judged.value}, ${tar.toFixed(2)}× the time of tar x`,
    target: `${judged.target} or ≤ ${limit}× tar x`,
    verdict: tar <= limit ? 'met' : judged.verdict,
  };
}

function one(rows: readonly Row[]): Judged {
  const best = fastestOf(rows, BACKUPS, 'one');
  const ratio = best === undefined ? undefined : ratioOf(rows, US, best, 'one');
  return atMost('one 10 KB file', best ?? BACKUPS.join(', '), ratio, '× its time', 0.5, 2 / 3);
}

function store(rows: readonly Row[]): Judged {
  const size = (peer: string) => median(rowsOf(rows, peer, 'first').map((row) => row.storeBytes!));
  const ratio = size(US) / size('restic');
  return atMost('store after the first save', 'restic', known(ratio), '× its size', 1, 1.1);
}

function added(rows: readonly Row[]): Judged {
  const bytes = (peer: string) => median(rowsOf(rows, peer, 'edited').map((row) => row.addedBytes!));
  const [best] = STORES.filter((peer) => rowsOf(rows, peer, 'edited').length > 0).sort(
    (a, b) => bytes(a) - bytes(b),
  );
  const ratio = best === undefined ? undefined : bytes(US) / bytes(best);
  return atMost('added by the edit', best ?? STORES.join(', '), ratio, '× its bytes', 1);
}

function rate(
  rows: readonly Row[],
  bytes: number,
  operation: Operation,
  target: number,
  floor: number,
): Judged {
  const perSecond = (wall: number) => bytes / 1e6 / wall;
  const value = perSecond(wallOf(rows, US, operation)!);
  // How fast the machine was in that hour: its processor, and its disk.
  const others = [
    { name: DIGEST, what: `${DIGEST} of one thread` },
    ...(operation === 'first' ? [{ name: COPY, what: 'a copy with fsync' }] : []),
  ];
  const beside = others.map(({ name, what }) => {
    const wall = wallOf(rows, name, 'first');
    if (wall === undefined) return '';
    const other = perSecond(wall);
    return `; ${(value / other).toFixed(2)} of ${what} (${other.toFixed(0)})`;
  });
  return {
    row: operation === 'first' ? 'first save, rate' : 'full restore, rate',
    against: '',
    value: `${value.toFixed(0)} MB/s${beside.join('')}`,
    target: `≥ ${target} MB/s`,
    floor: `${floor} MB/s`,
    verdict: value >= target ? 'met' : value >= floor ? 'above the floor' : 'below the floor',
  };
}

/** How many times as fast as the fastest of others. */
export function faster(
  rows: readonly Row[],
  row: string,
  operation: Operation,
  others: readonly string[],
  target: number,
  floor: number,
): Judged {
  const best = fastestOf(rows, others, operation);
  const ratio = best === undefined ? undefined : ratioOf(rows, best, US, operation);
  const verdict: Verdict =
    ratio === undefined
      ? 'not measured'
      : ratio >= target
        ? 'met'
        : ratio >= floor
          ? 'above the floor'
          : 'below the floor';
  return {
    row,
    against: best ?? others.join(', '),
    value: ratio === undefined ? '–' : `${ratio.toFixed(2)}× as fast`,
    target: `≥ ${target}×`,
    floor: `${floor}×`,
    verdict,
  };
}

export function atMost(
  row: string,
  against: string,
  value: number | undefined,
  unit: string,
  target: number,
  floor?: number,
): Judged {
  const verdict = (): Verdict => {
    if (value === undefined) return 'not measured';
    if (value <= target) return 'met';
    if (floor === undefined) return 'missed';
    return value <= floor ? 'above the floor' : 'below the floor';
  };
  return {
    row,
    against,
    value: value === undefined ? '–' : `${value.toFixed(2)}${unit}`,
    target: `≤ ${target}×`,
    floor: floor === undefined ? '–' : `${floor.toFixed(2)}×`,
    verdict: verdict(),
  };
}

function known(number: number): number | undefined {
  return Number.isNaN(number) ? undefined : number;
}
