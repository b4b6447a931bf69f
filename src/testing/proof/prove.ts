/** `npm run prove`: runs the cases of one row, as many as time or a number allow. */

import { parseArgs } from 'node:util';

import { missing } from '../requirement.ts';
import type { ProofRow } from './row.ts';
import { ROWS } from './rows.ts';
import { addRecord, readRecords, thisMachine, writePage } from './totals.ts';

const USAGE = `usage: npm run prove -- ROW [--seconds S] [--seed N] [--cases N] [--no-record]
       npm run prove -- --list     the rows
       npm run prove -- --table    write the tables of docs/proof.md anew

Runs cases with seeds N, N+1, … (default: the first that was never recorded) for S seconds (default: 60), or
so many cases. Stops at the first that fails; else the totals in docs/proof.md grow.`;

/** Milliseconds between two lines about how far it is. */
const PACE = 5_000;

interface Run {
  readonly row: ProofRow;
  readonly first: number;
  readonly seconds: number;
  readonly cases: number;
  readonly records: boolean;
}

process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let run: Run | number;
  try {
    run = parse(words);
  } catch (error) {
    return refused(error instanceof TypeError ? `${error.message}\n${USAGE}` : String(error));
  }
  if (typeof run === 'number') return run;
  const lacking = missing(...(run.row.needs ?? []));
  if (lacking !== undefined) return refused(`${run.row.name} ${lacking}`);
  return prove(run);
}

function parse(words: readonly string[]): Run | number {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    allowNegative: true,
    options: {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      cases: { type: 'string' },
      record: { type: 'boolean', default: true },
      list: { type: 'boolean' },
      table: { type: 'boolean' },
    },
  });
  if (values.list === true) {
    for (const { name, unit, claim } of ROWS) console.log(`${name.padEnd(20)} ${claim} (${unit})`);
    return 0;
  }
  if (values.table === true) {
    writePage(ROWS);
    return 0;
  }
  const row = ROWS.find(({ name }) => name === positionals[0]);
  if (row === undefined || positionals.length > 1) return refused(USAGE);
  const seen = readRecords().filter(({ row: name }) => name === row.name);
  const next = Math.max(0, ...seen.map(({ seeds }) => seeds.last)) + 1;
  const cases = values.cases === undefined ? Infinity : Number(values.cases);
  const seconds =
    values.seconds === undefined ? (cases === Infinity ? 60 : Infinity) : Number(values.seconds);
  const first = values.seed === undefined ? next : Number(values.seed);
  if (![first, cases, seconds].every((each) => each >= 0) || !Number.isInteger(first)) return refused(USAGE);
  return { row, first, seconds, cases, records: values.record };
}

async function prove({ row, first, seconds, cases: most, records }: Run): Promise<number> {
  // What was done until then counts.
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  await using run = await row.open();
  const hit = new Map<string, number>();
  let count = 0;
  let cases = 0;
  const started = Date.now();
  const elapsed = () => (Date.now() - started) / 1000;
  let told = started;
  const tell = () =>
    console.log(`${row.name}: ${cases} cases, ${count} ${row.unit}, ${elapsed().toFixed(0)} s`);
  while (!stop.signal.aborted && cases < most && elapsed() < seconds) {
    const seed = first + cases;
    try {
      const outcome = await run.run(seed);
      count += outcome.count;
      for (const what of outcome.hit) hit.set(what, (hit.get(what) ?? 0) + 1);
    } catch (error) {
      console.error(error);
      console.error(`${row.name}: seed ${seed} failed, after ${cases} cases that did not. Again:`);
      console.error(`  npm run prove -- ${row.name} --seed ${seed} --cases 1 --no-record`);
      return 1;
    }
    cases++;
    if (Date.now() - told < PACE) continue;
    told = Date.now();
    tell();
  }
  tell();
  for (const [what, times] of [...hit].toSorted(([, a], [, b]) => b - a)) console.log(`  ${times} × ${what}`);
  if (records && count > 0) {
    addRecord({
      row: row.name,
      date: new Date().toISOString().slice(0, 10),
      count,
      hit: Object.fromEntries(hit),
      seeds: { first, last: first + cases - 1 },
      seconds: Math.round(elapsed()),
      machine: thisMachine(),
    });
    writePage(ROWS);
  }
  return 0;
}

function refused(reason: string): number {
  console.error(reason);
  return 2;
}
