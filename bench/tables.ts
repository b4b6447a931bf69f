/** The tables that bench/results.md has of each tree. */

import { counted, line, megabytes, oneLine, seconds } from './cells.ts';
import { OPERATIONS, TITLES } from './peers.ts';
import type { Operation } from './peers.ts';
import type { Row } from './results.ts';
import { median, ratioOf, rowsOf, wallOf } from './statistics.ts';
import type { Judged } from './targets.ts';

export const US = 'strata';

/** We come first. */
export function peersOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map((row) => row.peer))].sort((a, b) => Number(b === US) - Number(a === US));
}

export function operationsOf(rows: readonly Row[]): Operation[] {
  return OPERATIONS.filter((operation) => rows.some((row) => row.operation === operation));
}

export function timesTable(rows: readonly Row[]): string[] {
  return table('seconds (times Strata’s)', rows, time);
}

export function effortTable(rows: readonly Row[]): string[] {
  return table('processor s / peak memory of all processes / written', rows, effort);
}

/** A line for each peer, a column for each operation. */
export function table(
  title: string,
  rows: readonly Row[],
  cell: (rows: readonly Row[], peer: string, operation: Operation) => string,
): string[] {
  const operations = operationsOf(rows);
  return [
    line(
      title,
      operations.map((operation) => TITLES[operation]),
    ),
    `|---|${'---|'.repeat(operations.length)}`,
    ...peersOf(rows).map((peer) =>
      line(
        peer,
        operations.map((operation) => cell(rows, peer, operation)),
      ),
    ),
    '',
  ];
}

export function targetsTable(judged: readonly Judged[]): string[] {
  return [
    '| Strata’s targets | against | measured | target | floor | |',
    '|---|---|---|---|---|---|',
    ...judged.map((each) =>
      line(each.row, [each.against, each.value, each.target, each.floor, each.verdict]),
    ),
    '',
  ];
}

/** What came back different, and what failed. */
export function wrong(rows: readonly Row[], failures: readonly string[]): string[] {
  const different = rows.flatMap(({ peer, operation, differences }) =>
    (differences?.count ?? 0) === 0
      ? []
      : [
          `${peer}, ${TITLES[operation]}: ${counted(differences!.count, 'path')} came back different, as ${differences!.first}`,
        ],
  );
  const notes = [...different, ...failures];
  return notes.length === 0 ? [] : ['What went wrong:', '', ...notes.map((note) => `- ${oneLine(note)}`), ''];
}

function time(rows: readonly Row[], peer: string, operation: Operation): string {
  const wall = wallOf(rows, peer, operation);
  if (wall === undefined) return '–';
  const ratio = peer === US ? undefined : ratioOf(rows, peer, US, operation);
  return `${seconds(wall)}${ratio === undefined ? '' : ` (${ratio.toFixed(2)}×)`}`;
}

function effort(rows: readonly Row[], peer: string, operation: Operation): string {
  const own = rowsOf(rows, peer, operation);
  if (own.length === 0) return '–';
  const of = (pick: (row: Row) => number) => median(own.map(pick));
  const written = megabytes(of((each) => each.writtenBytes));
  return `${seconds(of((each) => each.cpu))} / ${megabytes(of((each) => each.peakBytes))} / ${written}`;
}
