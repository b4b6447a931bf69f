/** A few cases of rows, as they run before each change. */

import { describe, expect, it } from 'vitest';

import { describeWith } from '../need.ts';
import type { ProofRun, ProofRow } from './row.ts';

/** Milliseconds. Others may be at work on the machine. */
const PATIENCE = 300_000;

export function fewCasesOf(rows: readonly ProofRow[]): void {
  describe('a few cases of each row of the proof', () => {
    for (const row of rows)
      describeWith(row.needs ?? [], row.name, () => {
        it(
          row.claim,
          async () => {
            await using run: ProofRun = await row.open();
            let count = 0;
            for (let seed = 1; seed <= row.perCommit; seed++) {
              try {
                count += (await run.run(seed)).count;
              } catch (error) {
                throw new Error(
                  `seed ${seed} (npm run prove -- ${row.name} --seed ${seed} --cases 1 --no-record)`,
                  {
                    cause: error,
                  },
                );
              }
            }
            expect(count).toBeGreaterThan(0);
          },
          PATIENCE,
        );
      });
  });
}
