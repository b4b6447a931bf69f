/** Which runner has to do something for a session. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { RunnerTable } from '../db/index.ts';
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
  const { getRunner, stateOf } = await room();
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
  const found = rows.find((row) => stateOf(row) !== 'gone');
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

/** Without a wish, where it was last: its files may still be there. */
export async function runnerToResume(
  world: ServeWorld,
  last: string | null,
  options: ResumeSessionOptions,
): Promise<Pick<RunnerTable, 'id' | 'name'>> {
  if (options.runner === undefined && options.region === undefined) return runnerById(world, last);
  const chosen = await runnerFor(world, options);
  if (options.runner !== undefined) return chosen;
  const { runnerWithId, stateOf } = await room();
  const before = await runnerWithId(world.database.kysely, last);
  return before !== undefined && before.region === options.region && stateOf(before) !== 'gone'
    ? before
    : chosen;
}
