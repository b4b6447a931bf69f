/**
 * Several processes of one home in one thread: what each of them does, and when it goes on, stops for good or is late follows from the
 * seed. The store is in memory, the database a real one, the clock made up.
 */

import { bootClock, toHex } from '../../../base/index.ts';
import type { Database, SnapshotTable } from '../../../db/index.ts';
import { openMemoryStore } from '../../../store/index.ts';
import type { Vault, VaultWorld } from '../../../vault/index.ts';
import { removeWorkspace } from '../../../workspace/index.ts';
import type { WorkspaceWorld } from '../../../workspace/index.ts';
import { pinnedRandom } from '../../noise.ts';
import { NOW, openTestVault } from '../../vault.ts';
import { Chance } from '../chance.ts';
import type { Remembered, SmallTree } from '../small-tree.ts';
import { act, saveTree } from './acts.ts';
import { bury, turnDatabase } from './turn-database.ts';
import { turnStore } from './turn-store.ts';
import { Turns } from './turns.ts';

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;

const PROCESSES = 4;
const ACTS = 12;
/** Turns between two that something happens in, on average. */
const OFTEN = { death: 160, wait: 120, leap: 250, late: 12 };

export interface Process {
  readonly name: string;
  readonly vault: Vault;
  readonly world: WorkspaceWorld;
}

export class Simulation {
  readonly chance: Chance;
  readonly turns: Turns;
  readonly store = openMemoryStore();
  readonly database: Database;
  readonly #seed: number;
  /** Whether the clock leaps a day now and then: whatever is under way is then taken for dead. */
  readonly leaps: boolean;
  /** Whether one process takes away what it can while the others add; else all do anything. */
  readonly hasRoles: boolean;
  now = NOW;
  /** What each tree holds that anybody began to store, by its node in hex. */
  readonly contents = new Map<string, SmallTree>();
  /** What the directories hold, and what saves remember of them. */
  readonly directories = new Map<string, SmallTree>();
  readonly remembered = new Map<string, Remembered>();
  readonly acknowledged: Pick<SnapshotTable, 'id' | 'workspace' | 'seq'>[] = [];
  readonly hit: string[] = [];
  /** Deletes of the dead that are still on their way. */
  readonly #late: string[] = [];
  readonly #alive = new Set<string>();
  #left = ACTS;
  #begun = 0;
  #failure: unknown;

  constructor(seed: number, database: Database) {
    this.#seed = seed;
    this.database = database;
    this.chance = new Chance(seed);
    this.leaps = this.chance.once(8);
    this.hasRoles = this.chance.once(2);
    this.turns = new Turns(this.chance.fork(), () => this.#turn());
  }

  /** Nobody in the way. */
  get quietWorld(): VaultWorld {
    const { store, database } = this;
    return {
      region: 'default',
      store,
      database,
      clock: () => this.now,
      random: pinnedRandom(`${this.#seed} quiet`),
    };
  }

  async run(): Promise<void> {
    await this.#prepare();
    for (let at = 0; at < PROCESSES; at++) this.#begin();
    await this.turns.run(() => this.#alive.size === 0 || this.#failure !== undefined);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** What was saved before, some of it forgotten already: saves meet it again. */
  async #prepare(): Promise<void> {
    const vault = await openTestVault(this.quietWorld);
    const parts = { ...this.quietWorld, monotonic: bootClock };
    const world = { ...parts, vault: await vault.tenant('default'), offLimits: [] };
    for (const name of ['w0', 'w1', 'w2']) await saveTree(this, { name: 'before', vault, world }, name);
    for (const name of ['w0', 'w1', 'w2']) if (this.chance.once(2)) await removeWorkspace(world, name);
  }

  #begin(): void {
    const name = `p${this.#begun++}`;
    this.#alive.add(name);
    const end = (error?: unknown) => {
      this.#alive.delete(name);
      this.#failure ??= error;
    };
    this.#live(name).then(
      () => end(),
      (error: unknown) => end(error),
    );
  }

  async #live(name: string): Promise<void> {
    const parts = {
      region: 'default',
      store: turnStore(this.store, this.turns, name),
      database: turnDatabase(this.database, this.turns, name),
      clock: () => this.now,
      random: pinnedRandom(`${this.#seed} ${name}`),
      leastNoted: 0,
      log: (line: string) => {
        if (line.startsWith('taken over')) this.hit.push('taken over');
      },
    };
    const vault = await openTestVault(parts);
    const world = { ...parts, monotonic: bootClock, vault: await vault.tenant('default'), offLimits: [] };
    while (this.#left-- > 0) await act(this, { name, vault, world });
  }

  #turn(): void {
    this.now += this.chance.below(50);
    if (this.chance.once(OFTEN.wait)) this.now += this.chance.below(30 * MINUTE);
    if (this.leaps && this.chance.once(OFTEN.leap)) {
      this.now += 25 * HOUR;
      this.hit.push('leap');
    }
    if (this.chance.once(OFTEN.late)) {
      const name = this.#late.pop();
      if (name !== undefined) void this.store.delete(name);
    }
    if (this.chance.once(OFTEN.death) && this.#alive.size > 0) this.#die(this.chance.pick([...this.#alive]));
  }

  #die(name: string): void {
    this.hit.push('death');
    for (const what of this.turns.kill(name)) {
      const target = /^delete (\S+)$/.exec(what)?.[1];
      if (target !== undefined && this.chance.once(2)) this.#late.push(target);
    }
    this.#alive.delete(name);
    void bury(this.database, name);
    if (this.#left > 0) this.#begin();
  }
}

/** The tenant of a process, as rows have it. */
export function tenantOf({ world }: Pick<Process, 'world'>): string {
  return toHex(world.vault.id);
}
