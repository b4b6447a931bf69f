/** A home whose store is in memory, and whose processes end and begin again. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { bootClock, systemClock } from '../../../base/index.ts';
import { openSqlite } from '../../../db/index.ts';
import type { Database } from '../../../db/index.ts';
import { openMemoryStore } from '../../../store/index.ts';
import { Vault, adoptTenants, rebuildIndex } from '../../../vault/index.ts';
import { recoverWorkspaces } from '../../../workspace/index.ts';
import type { WorkspaceWorld } from '../../../workspace/index.ts';
import { pinnedRandom } from '../../noise.ts';
import { ROOT } from '../../vault.ts';

/** Ahead of the file system's, so that what was changed just now is believed to be at rest. */
const AHEAD = 60 * 1000;

export class ModelHome implements AsyncDisposable {
  readonly store = openMemoryStore();
  readonly #place: string;
  readonly #random;
  #number = 0;
  #database: Database | undefined;
  vault!: Vault;
  world!: WorkspaceWorld;
  /** Milliseconds that have passed. */
  passed = 0;

  private constructor(place: string, seed: number) {
    this.#place = place;
    this.#random = pinnedRandom(`model ${seed}`);
  }

  static async open(place: string, seed: number): Promise<ModelHome> {
    const home = new ModelHome(place, seed);
    await home.restart();
    return home;
  }

  /** Forgets all but what is stored. */
  async restart(adopt = false): Promise<void> {
    await this.#database?.[Symbol.asyncDispose]();
    const database = await openSqlite(join(this.#place, `${this.#number}.db`));
    this.#database = database;
    const clock = () => systemClock() + AHEAD + this.passed;
    const parts = { region: 'default', store: this.store, database, clock, random: this.#random };
    this.vault = await Vault.open(parts, async () => [ROOT], { attach: adopt ? 'rebuild' : undefined });
    if (adopt) await adoptTenants(this.vault);
    const cacheDirectory = join(this.#place, 'cache');
    const vault = await this.vault.tenant('default');
    this.world = { ...parts, monotonic: bootClock, vault, offLimits: [], cacheDirectory };
  }

  /** @param isLost whether the database is a new one */
  async rebuild(isLost: boolean): Promise<void> {
    if (isLost) {
      rmSync(join(this.#place, `${this.#number++}.db`), { force: true });
      await this.restart(true);
    }
    await rebuildIndex(this.vault.world, this.world.vault);
    await recoverWorkspaces(this.world);
    await this.vault.completeTakeOver();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database?.[Symbol.asyncDispose]();
  }
}
