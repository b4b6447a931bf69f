/** Proof row: whatever somebody with the keys has written, reading it ends in a right answer or in an error that says what is wrong. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openSqlite } from '../../../db/index.ts';
import type { Database } from '../../../db/index.ts';
import { openTestVault, testWorld } from '../../vault.ts';
import { Chance } from '../chance.ts';
import { fastDirectory } from '../fast-directory.ts';
import type { ProofRow, ProofRun } from '../row.ts';
import { makeBase } from './base.ts';
import { overlayStore } from './overlay-store.ts';
import { RememberedDirectory, hostileLocalFile } from './remembered.ts';
import { hostileRow } from './rows.ts';
import { hostileObject, hostileStore } from './stored.ts';
import { hostileText } from './texts.ts';
import { hostileTree } from './tree.ts';

/** Milliseconds of work after which a case is said to hang; of time, where others work too. */
const HANGS = { work: 2000, time: 60_000 };

export const hostile: ProofRow = {
  name: 'hostile',
  claim:
    'Whatever is written into a store, its database or the files beside it: a right answer or a typed error, no wrong byte, no path outside of the target.',
  unit: 'inputs',
  planted:
    'records of a remembered directory, and lengths of local files, read without a bound; names of entries, and chunks, unchecked',
  perCommit: 300,
  async open(): Promise<ProofRun> {
    const place = mkdtempSync(join(fastDirectory(), 'strata-hostile-'));
    const base = await makeBase(place);
    const path = join(place, 'shared.db');
    writeFileSync(path, base.database);
    const database = await openSqlite(path);
    const quiet: Database = { ...database, readOnly: true };
    const vault = await openTestVault(testWorld(quiet, overlayStore(base.objects, new Map())));
    const reader = await (await vault.tenant('default')).reader();
    const directory = await RememberedDirectory.of(base);
    const subjects = [
      ...Array.from({ length: 5 }, () => (chance: Chance) => hostileObject(base, database, chance)),
      ...Array.from({ length: 5 }, () => (chance: Chance) => hostileTree(place, reader, base.root, chance)),
      ...Array.from({ length: 5 }, () => (chance: Chance) => hostileText(chance)),
      ...Array.from({ length: 3 }, () => (chance: Chance) => directory.hostile(chance)),
      (chance: Chance) => hostileLocalFile(base, chance),
      (chance: Chance) => hostileRow(base, chance),
      (chance: Chance) => inNewDatabase(place, base.database, (own) => hostileStore(base, own, chance)),
    ];
    return {
      async run(seed) {
        const chance = new Chance(seed);
        const subject = chance.pick(subjects);
        const started = { work: process.cpuUsage(), time: performance.now() };
        let hit: string;
        try {
          hit = await subject(chance);
        } catch (error) {
          const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
          throw new Error(`seed ${seed}: ${told}`, { cause: error });
        }
        const { user, system } = process.cpuUsage(started.work);
        const took = { work: (user + system) / 1000, time: performance.now() - started.time };
        if (took.work > HANGS.work || took.time > HANGS.time)
          throw new Error(`seed ${seed}: ${hit} took ${Math.round(took.work)} ms of work`);
        return { count: 1, hit: [hit] };
      },
      async [Symbol.asyncDispose]() {
        await database[Symbol.asyncDispose]();
        rmSync(place, { recursive: true, force: true });
      },
    };
  },
};

async function inNewDatabase<Value>(
  place: string,
  bytes: Uint8Array,
  run: (database: Database) => Promise<Value>,
): Promise<Value> {
  const directory = mkdtempSync(join(place, 'anew-'));
  try {
    writeFileSync(join(directory, 'strata.db'), bytes);
    await using database = await openSqlite(join(directory, 'strata.db'));
    return await run(database);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
