/** Proof row: no order of steps of several processes, deaths and delays included, loses a chunk. */

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { openSqlite } from '../../../db/index.ts';
import type { ProofRow, ProofRun } from '../row.ts';
import { fastDirectory } from '../fast-directory.ts';
import { checkLaws } from './laws.ts';
import { Simulation } from './simulation.ts';

/** Steps before the end that are told when a law is broken. */
const STEPS_TOLD = 60;

export const schedule: ProofRow = {
  name: 'schedule',
  claim:
    'Saves, collections, forks, forgets, reads, verifications and rebuilt indexes, in any order of their steps, lose nothing.',
  unit: 'schedules',
  planted:
    'intents ignored by the collector; objects deleted that the index still tells of; nothing marked again before the deletion; condemned packs deduplicated against; rows of sent packs that outlive their condemnation',
  perCommit: 20,
  async open(): Promise<ProofRun> {
    const directory = mkdtempSync(join(fastDirectory(), 'strata-schedule-'));
    return {
      async run(seed) {
        const place = join(directory, `${seed}`);
        try {
          await using database = await openSqlite(join(place, 'strata.db'));
          const sim = new Simulation(seed, database);
          try {
            await sim.run();
            await checkLaws(sim);
          } catch (error) {
            const steps = sim.turns.log.slice(-STEPS_TOLD).join('\n');
            throw new Error(`seed ${seed}: ${told(error)}\nThe last steps:\n${steps}`, { cause: error });
          }
          return { count: 1, hit: sim.hit };
        } finally {
          rmSync(place, { recursive: true, force: true });
        }
      },
      async [Symbol.asyncDispose]() {
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },
};

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${told(error.cause)}`;
}
