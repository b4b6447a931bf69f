/** Whole commands against an S3 service: timed without anything between, and counted in a round of its own. */

import { openDisk } from './filesystem.ts';
import type { Kind } from './filesystem.ts';
import type { Operation } from './peers.ts';
import type { ServiceResult } from './results.ts';
import { runRounds } from './rounds.ts';
import type { Plan } from './rounds.ts';
import { openService } from './service.ts';
import type { ServiceOptions } from './service.ts';

export interface ServicePlan extends Pick<
  Plan,
  'source' | 'renamed' | 'peers' | 'rounds' | 'signal' | 'log'
> {
  readonly operations: readonly Operation[];
  /** Of the counted round; none: there is no such round. */
  readonly counted: readonly Operation[];
  readonly store: ServiceOptions['kind'];
  readonly work: string;
  readonly disk: Kind;
}

const TIMED: readonly Operation[] = ['first', 'unchanged', 'edited', 'restore', 'one'];
const COUNTED: readonly Operation[] = ['first', 'unchanged', 'edited', 'line', 'restore', 'one'];
/** Its many files are what makes many requests, if anything does. */
const FAR_CORPUS = 'modules';

/** What is done with a corpus. @param corpora all that are measured: without the usual one, the first of them is also restored from far away */
export function operationsFor(
  corpus: string,
  corpora: readonly string[],
): Pick<ServicePlan, 'operations' | 'counted'> {
  const far = corpora.includes(FAR_CORPUS) ? FAR_CORPUS : corpora[0];
  return { operations: corpus === far ? [...TIMED, 'near', 'far'] : TIMED, counted: COUNTED };
}

export async function runService({
  operations,
  counted,
  store,
  work,
  disk,
  ...plan
}: ServicePlan): Promise<Pick<ServiceResult, 'rows' | 'failures' | 'counted'>> {
  const { peers, signal, log } = plan;
  const run = (chosen: readonly Operation[], rounds: number, counting: boolean) =>
    runRounds({
      ...plan,
      operations: chosen,
      rounds,
      pause: 1.1,
      openDisk: () => openDisk(work, disk, signal),
      openService: () => openService({ kind: store, work, peers, counted: counting }),
    });
  const timed = await run(operations, plan.rounds, false);
  if (counted.length === 0) return { ...timed, counted: [] };
  log('  the same with its requests counted: these times mean nothing');
  const { rows, failures } = await run(counted, 1, true);
  return { rows: timed.rows, failures: [...timed.failures, ...failures], counted: rows };
}
