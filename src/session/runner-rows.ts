/** Who there is to work for sessions. */

import { StrataError, fateOf, nearNames, thisProcess, toHex } from '../base/index.ts';
import type { Clock, Random } from '../base/index.ts';
import type { Database, RunnerTable, Transaction } from '../db/index.ts';
import { isName, recordEvent } from '../workspace/index.ts';
import type { RunnerInfo } from './results.ts';
import type { Query } from './rows.ts';
import type { RunnerSelf } from './world.ts';

const ID_BYTES = 6;

export interface RunnerWish {
  readonly name: string;
  readonly region: string;
  /** Absolute. */
  readonly baseDir: string;
  /** Milliseconds. Undefined: it is the home itself, whose leases last. */
  readonly lease: number | undefined;
}

interface RowWorld {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly tenant: string;
}

/**
 * The row of a runner, made if it is not there. One of that name that is gone is this one again, with what it has in its directory.
 *
 * @throws bad_input; already_exists if another process is that runner; refused if its directory or region is another one, and sessions have
 *   files there
 */
export async function becomeRunner(world: RowWorld, wish: RunnerWish): Promise<RunnerSelf> {
  const { name, region, baseDir, lease } = wish;
  if (!isName(name))
    throw new StrataError('bad_input', `${JSON.stringify(name)} is no name for a runner`, {
      hint: 'A name has 1–128 letters, digits, `.`, `_` and `-`, and starts with a letter or digit.',
    });
  const known = await runnerNamed(world.database.kysely, name);
  const isHome = lease === undefined;
  // Each command of the home comes here: nothing is written that is so already.
  if (isHome && known?.region === region && known.base_dir === baseDir && known.lease === null) return known;
  return world.database.transaction(async (tx) => {
    const row = await runnerNamed(tx, name);
    const facts = {
      region,
      base_dir: baseDir,
      holder: isHome ? null : thisProcess(),
      lease: lease ?? null,
      seen: world.clock(),
    };
    if (row !== undefined) {
      if (stateOf(row, world.clock()) !== 'gone' && !isHome) throw taken(row);
      await checkMove(tx, row, facts);
      await tx.updateTable('runners').set(facts).where('id', '=', row.id).execute();
    }
    const { id, created } = row ?? { id: `runner-${toHex(world.random(ID_BYTES))}`, created: world.clock() };
    if (row === undefined)
      await tx
        .insertInto('runners')
        .values({ id, name, created, ...facts })
        .execute();
    if (!isHome)
      await recordEvent(tx, world, { kind: 'runner.started', details: { runner: name, region, baseDir } });
    return { id, name, region, base_dir: baseDir, lease: lease ?? null };
  });
}

/** This process does from now on what is due of the home. @returns false if another one does */
export async function enterHome({ database }: RowWorld, { id }: RunnerSelf): Promise<boolean> {
  return database.transaction(async (tx) => {
    const row = await tx
      .selectFrom('runners')
      .select('holder')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (row.holder !== null && fateOf(row.holder) !== 'dead') return false;
    await tx.updateTable('runners').set({ holder: thisProcess() }).where('id', '=', id).execute();
    return true;
  });
}

/** It ends in an orderly way. */
export async function leaveRunner(world: RowWorld, { id, name, lease }: RunnerSelf): Promise<void> {
  await world.database.transaction(async (tx) => {
    await tx
      .updateTable('runners')
      .set({ holder: null, seen: world.clock() })
      .where('id', '=', id)
      .where('holder', '=', thisProcess())
      .execute();
    if (lease !== null) await recordEvent(tx, world, { kind: 'runner.stopped', details: { runner: name } });
  });
}

export async function runnerNamed(query: Query, name: string): Promise<RunnerTable | undefined> {
  return query.selectFrom('runners').selectAll().where('name', '=', name).executeTakeFirst();
}

/** @param id null: none */
export async function runnerWithId(query: Query, id: string | null): Promise<RunnerTable | undefined> {
  return id === null
    ? undefined
    : query.selectFrom('runners').selectAll().where('id', '=', id).executeTakeFirst();
}

/** @throws not_found with near names */
export async function getRunner(query: Query, name: string): Promise<RunnerTable> {
  const row = await runnerNamed(query, name);
  if (row !== undefined) return row;
  const names = (await query.selectFrom('runners').select('name').execute()).map((each) => each.name);
  const near = nearNames(name, names);
  throw new StrataError('not_found', `there is no runner ${JSON.stringify(name)}`, {
    hint:
      near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `There is ${names.join(', ') || 'none yet'}.`,
    details: { runner: name },
  });
}

export async function listRunners(query: Query, now: number): Promise<RunnerInfo[]> {
  const rows = await query.selectFrom('runners').selectAll().orderBy('name').execute();
  const counts = await query
    .selectFrom('sessions')
    .select(({ fn }) => ['runner', fn.countAll<number>().as('count')])
    .where('runner', 'is not', null)
    .groupBy('runner')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    region: row.region,
    baseDir: row.base_dir,
    state: stateOf(row, now),
    sessions: Number(counts.find(({ runner }) => runner === row.id)?.count ?? 0),
    seen: row.seen,
  }));
}

/** Whether anybody is there to do what it is asked for. */
export function stateOf(
  { lease, holder, seen }: Pick<RunnerTable, 'lease' | 'holder' | 'seen'>,
  now: number,
): RunnerInfo['state'] {
  if (lease === null) return 'home';
  if (holder === null || fateOf(holder) === 'dead') return 'gone';
  return now - seen > lease ? 'silent' : 'lives';
}

/** Whether it does what it is asked for. */
export function isThere(row: Pick<RunnerTable, 'lease' | 'holder' | 'seen'>, now: number): boolean {
  return ['home', 'lives'].includes(stateOf(row, now));
}

/** Sessions would look for their files where they are not. */
async function checkMove(
  tx: Transaction,
  row: RunnerTable,
  { region, base_dir }: Pick<RunnerTable, 'region' | 'base_dir'>,
): Promise<void> {
  if (row.base_dir === base_dir && row.region === region) return;
  const session = await tx
    .selectFrom('sessions')
    .select('name')
    .where('last_runner', '=', row.id)
    .where('expired', 'is', null)
    .where(({ eb, or }) =>
      or([eb('runner', '=', row.id), eb('unsaved', '=', 1), eb('mobility', '=', 'local')]),
    )
    .executeTakeFirst();
  if (session === undefined) return;
  throw new StrataError(
    'refused',
    `runner ${row.name} has files of session ${session.name} in ${row.base_dir}, region ${row.region}`,
    {
      hint: 'Start it with that directory and that region, or take another name.',
      details: { runner: row.name, baseDir: row.base_dir, region: row.region, session: session.name },
    },
  );
}

function taken({ name, holder }: RunnerTable): StrataError {
  return new StrataError('already_exists', `runner ${name} is at work already`, {
    hint: `It is process ${holder?.split('-')[0]}. Take another name, or end that one.`,
    details: { runner: name },
  });
}
