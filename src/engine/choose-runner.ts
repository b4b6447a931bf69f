/** Which runner has to do something for a session. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { RunnerTable, SessionTable } from '../db/index.ts';
import type { ServeWorld } from '../session/index.ts';
import type { ResumeSessionOptions } from './sessions-face.ts';

/** Loaded by the first call: most commands have nothing to do with sessions. */
const room = () => import('../session/index.ts');

/** @param id null: of none, so it is the home that says so */
export async function runnerById(
  world: ServeWorld,
  id: string | null,
): Promise<Pick<RunnerTable, 'id' | 'name'>> {
  const { runnerWithId } = await room();
  return (await runnerWithId(world.database.kysely, id)) ?? world.runner;
}

type Choice = Cancellable & { readonly runner?: string | undefined; readonly region?: string | undefined };

/** One that is named; one of a region; the home. @throws not_found, unavailable, region_mismatch */
export async function runnerFor(world: ServeWorld, { runner, region }: Choice): Promise<Runner> {
  const { getRunner, isThere } = await room();
  const { kysely } = world.database;
  if (runner !== undefined) {
    const row = await getRunner(kysely, runner);
    if (region === undefined || row.region === region) return row;
    throw new StrataError(
      'region_mismatch',
      `runner ${runner} is of region ${row.region}, not of ${region}`,
      {
        hint: 'Name a runner of the region, or the region alone. `strata sessions runners` lists them.',
        details: { runner, region: row.region, asked: region },
      },
    );
  }
  if (region === undefined || region === world.runner.region) return world.runner;
  const rows = await kysely
    .selectFrom('runners')
    .selectAll()
    .where('region', '=', region)
    .orderBy('name')
    .execute();
  const found = rows.find((row) => isThere(row, world.clock()));
  if (found !== undefined) return found;
  const gone = rows.map(({ name }) => name);
  throw new StrataError('unavailable', `no runner of region ${region} is there`, {
    hint:
      gone.length > 0
        ? `Start one again: \`strata runner --name ${gone[0]} --region ${region}\`.`
        : `Start one: \`strata runner --name NAME --region ${region} --base-dir DIR\`.`,
    details: { region, gone },
  });
}

export type Runner = Pick<RunnerTable, 'id' | 'name' | 'region'>;

/** Without a wish, where it was last: its files may still be there. If nobody is there, and they need not be, elsewhere in the region. */
export async function runnerToResume(
  world: ServeWorld,
  { last_runner, region }: Pick<SessionTable, 'last_runner' | 'region'>,
  options: ResumeSessionOptions,
): Promise<Pick<RunnerTable, 'id' | 'name'>> {
  if (options.runner !== undefined) return runnerFor(world, options);
  const { isThere, runnerWithId } = await room();
  const last = await runnerWithId(world.database.kysely, last_runner);
  const isLeft = last !== undefined && !isThere(last, world.clock());
  if (options.region === undefined)
    return isLeft && options.acceptLoss === true
      ? runnerFor(world, { ...options, region })
      : (last ?? world.runner);
  const chosen = await runnerFor(world, options);
  return last !== undefined && last.region === options.region && !isLeft ? last : chosen;
}
