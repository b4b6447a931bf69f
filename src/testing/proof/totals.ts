/** What all recorded runs come to: docs/proof.jsonl has a line for each, and docs/proof.md shows the sums. */

import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';

import type { ProofRow } from './row.ts';

const DOCS = join(import.meta.dirname, '../../../docs');
const RECORDS = join(DOCS, 'proof.jsonl');
const PAGE = join(DOCS, 'proof.md');
const TABLES = /(?<=^<!-- totals -->\n)[^]*(?=^<!-- \/totals -->$)/m;

/** One run that found nothing wrong. Two branches that recorded runs are merged by keeping all lines. */
export interface Recorded {
  readonly row: string;
  /** As in `2026-11-25`. */
  readonly date: string;
  readonly count: number;
  /** How often each thing was hit. */
  readonly hit: Readonly<Record<string, number>>;
  readonly seeds: { readonly first: number; readonly last: number };
  readonly seconds: number;
  readonly machine: string;
}

export function readRecords(path = RECORDS): Recorded[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Recorded);
}

export function addRecord(record: Recorded): void {
  appendFileSync(RECORDS, `${JSON.stringify(record)}\n`);
}

/** Puts the sums into the page. */
export function writePage(rows: readonly ProofRow[]): void {
  writeFileSync(PAGE, pageWith(readFileSync(PAGE, 'utf8'), rows, readRecords()));
}

export function pageWith(page: string, rows: readonly ProofRow[], records: readonly Recorded[]): string {
  if (!TABLES.test(page)) throw new Error('docs/proof.md has lost the lines that mark its tables');
  return page.replace(TABLES, () => `\n${tables(rows, records)}\n`);
}

/** Without the name of the machine. */
export function thisMachine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}, Linux ${release().split('-')[0]}, Node ${process.versions.node}`;
}

function tables(rows: readonly ProofRow[], records: readonly Recorded[]): string {
  const sums: string[] = ['| row | what holds | tried | failed | last |', '|---|---|---:|---:|---|'];
  const hits: string[] = [
    '| row | what was hit | the planted bug it caught | seeds | machine |',
    '|---|---|---|---|---|',
  ];
  for (const { name, claim, unit, planted } of rows) {
    const runs = records.filter(({ row }) => row === name);
    const count = runs.reduce((sum, run) => sum + run.count, 0);
    const last =
      runs
        .map(({ date }) => date)
        .sort()
        .at(-1) ?? 'never';
    // A run that fails is not recorded: what it found is mended first.
    sums.push(cells([name, claim, `${number(count)} ${unit}`, '0', last]));
    const machines = [...new Set(runs.map(({ machine }) => machine))].join('; ');
    hits.push(cells([name, hitText(runs), planted, seedText(runs), machines]));
  }
  return [...sums, '', ...hits, ''].join('\n');
}

function cells(texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** What was hit most in front. */
function hitText(runs: readonly Recorded[]): string {
  const sums = new Map<string, number>();
  for (const { hit } of runs)
    for (const [what, count] of Object.entries(hit)) sums.set(what, (sums.get(what) ?? 0) + count);
  const all = [...sums].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  return all.map(([what, count]) => `${what} ${number(count)}`).join(', ');
}

function seedText(runs: readonly Recorded[]): string {
  return runs.map(({ seeds }) => `${seeds.first}–${seeds.last}`).join(', ');
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}
