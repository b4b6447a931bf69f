/**
 * What is under way says so first, in a row: a collector deletes nothing that somebody may still refer to, read, or have just stored.
 * Whoever refers to stored chunks announces itself before it looks at the index, in the epoch of that moment.
 */

import { StrataError, concatBytes, fateOf, isStrataError, thisProcess, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Database, IntentKind, Transaction } from '../db/index.ts';
import { idOf } from './names.ts';
import type { IntentId, TenantId } from './names.ts';
import type { VaultWorld } from './world.ts';

/** After this others may take what was announced for dead, and refuse its commit, unless it was renewed. Milliseconds. */
export const INTENT_LIFE = 24 * 60 * 60 * 1000;

/** Milliseconds: what lives is renewed often enough to miss it a few times. */
const RENEWAL = INTENT_LIFE / 8;

export interface Announced {
  readonly id: IntentId;
  readonly kind: IntentKind;
  readonly epoch: number;
  readonly expires: number;
}

/**
 * Finds what is to be read. All of it happens in the transaction that announces the reading: so it is found and kept, or neither, and
 * may be forgotten right after. It may run again.
 */
export type LookUp<Found> = (query: Database['kysely'] | Transaction) => Promise<{
  readonly found: Found;
  /** Root records of docs/design.md 3.6. What is below them stays. */
  readonly roots: readonly Uint8Array[];
}>;

export class Announcement implements AsyncDisposable {
  readonly id: IntentId;
  /** Of the tenant: what was condemned in it or before is not in the index that one sees now. */
  readonly epoch: number;
  readonly #world: VaultWorld;
  readonly #renewal: NodeJS.Timeout;

  private constructor(world: VaultWorld, { id, epoch }: Pick<Announced, 'id' | 'epoch'>) {
    this.#world = world;
    this.id = id;
    this.epoch = epoch;
    // One that fails leaves it to the next: what was not renewed in time is refused, and nobody loses a chunk.
    this.#renewal = setInterval(() => void this.#renew().catch(() => {}), RENEWAL).unref();
  }

  async #renew(): Promise<void> {
    const { database, clock } = this.#world;
    const expires = clock() + INTENT_LIFE;
    // A clock that was set back must not make it shorter.
    await database.kysely
      .updateTable('intents')
      .set({ expires })
      .where('id', '=', toHex(this.id))
      .where('expires', '<', expires)
      .execute();
  }

  /** @param along happens in the same transaction; it may run again */
  static async toSave<Found>(
    world: VaultWorld,
    tenant: TenantId,
    along: (tx: Transaction, intent: IntentId) => Promise<Found>,
    options: Cancellable = {},
  ): Promise<{ readonly announcement: Announcement; readonly found: Found }> {
    const prepare: Prepare<Found> = async (tx, intent) => ({ found: await along(tx, intent), roots: [] });
    const { intent, found } = await addRow(world, tenant, 'save', prepare, options);
    return { announcement: new Announcement(world, intent), found };
  }

  /**
   * A collector has to be alone: what dead processes have left is ended first.
   *
   * @throws refused if there is one already
   */
  static async toCollect(
    world: VaultWorld,
    tenant: TenantId,
    options: Cancellable = {},
  ): Promise<Announcement> {
    await endDead(world, tenant);
    const { intent } = await addRow(world, tenant, 'collect', readsNothing, options);
    return new Announcement(world, intent);
  }

  /** What only reads. @throws what `lookUp` does; then nothing is announced */
  static async toRead<Found>(
    world: VaultWorld,
    tenant: TenantId,
    lookUp: LookUp<Found>,
    options: Cancellable = {},
  ): Promise<{ readonly announcement: Announcement; readonly found: Found }> {
    const { intent, found } = await addRow(world, tenant, 'read', lookUp, options);
    return { announcement: new Announcement(world, intent), found };
  }

  /** What may read anything: nothing at all is deleted meanwhile. */
  static async toReadAll(
    world: VaultWorld,
    tenant: TenantId,
    options: Cancellable = {},
  ): Promise<Announcement> {
    const { intent } = await addRow(world, tenant, 'read', readsNothing, options, 0);
    return new Announcement(world, intent);
  }

  /** Ends it in a transaction: all of that happens, or the announcement still stands. @throws refused if others have ended it */
  async end(tx: Transaction): Promise<void> {
    const ended = await tx.deleteFrom('intents').where('id', '=', toHex(this.id)).executeTakeFirst();
    if (ended.numDeletedRows === 0n) throw givenUp();
  }

  /** @throws refused if others have ended it */
  async check(tx: Transaction): Promise<void> {
    const row = await tx
      .selectFrom('intents')
      .select('id')
      .where('id', '=', toHex(this.id))
      .executeTakeFirst();
    if (row === undefined) throw givenUp();
  }

  /**
   * Ends it, without the caller's signal.
   *
   * What cannot be removed is no failure: it expires, and an error here would hide what it was about.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#renewal);
    const { kysely } = this.#world.database;
    try {
      await kysely.deleteFrom('intents').where('id', '=', toHex(this.id)).execute();
    } catch (error) {
      if (!isStrataError(error)) throw error;
    }
  }
}

/** As a `LookUp`, of what is announced in the same transaction. */
type Prepare<Found> = (tx: Transaction, intent: IntentId) => ReturnType<LookUp<Found>>;

const readsNothing: LookUp<undefined> = async () => ({ found: undefined, roots: [] });

/** @param epoch default: that of the tenant */
async function addRow<Found>(
  { database, random, clock }: VaultWorld,
  tenant: TenantId,
  kind: IntentKind,
  prepare: Prepare<Found>,
  options: Cancellable,
  epoch?: number,
): Promise<{ readonly intent: Pick<Announced, 'id' | 'epoch'>; readonly found: Found }> {
  const id = random(ID_BYTES) as IntentId;
  const started = clock();
  const expires = started + INTENT_LIFE;
  return database.transaction(async (tx) => {
    const row = await tx
      .selectFrom('tenants')
      .select('epoch')
      .where('id', '=', toHex(tenant))
      .executeTakeFirst();
    if (row === undefined) throw tenantGone();
    if (kind === 'collect') await checkAlone(tx, toHex(tenant));
    const { found, roots } = await prepare(tx, id);
    const intent = { id, epoch: epoch ?? row.epoch };
    const holder = { kind, holder: thisProcess(), roots: concatBytes(roots) };
    await tx
      .insertInto('intents')
      .values({ ...intent, id: toHex(id), tenant: toHex(tenant), ...holder, started, expires })
      .execute();
    return { intent, found };
  }, options);
}

/** What is under way, those that began first in front. */
export async function announced(
  { database }: Pick<VaultWorld, 'database'>,
  tenant: TenantId,
): Promise<Announced[]> {
  const rows = await database.kysely
    .selectFrom('intents')
    .select(['id', 'kind', 'epoch', 'expires'])
    .where('tenant', '=', toHex(tenant))
    .orderBy('started')
    .execute();
  return rows.map((row) => ({ ...row, id: idOf<IntentId>(row.id) }));
}

/** Whether it is over, as far as anybody but its own process can tell. */
export function isDead(
  { holder, expires }: { readonly holder: string; readonly expires: number },
  now: number,
): boolean {
  return expires <= now || fateOf(holder) === 'dead';
}

/**
 * Ends what dead processes have left, and what has expired. If it lives all the same, its commit is refused: to be wrong costs it its
 * work, and nobody a chunk.
 */
async function endDead({ database, clock }: VaultWorld, tenant: TenantId): Promise<number> {
  const rows = await database.kysely
    .selectFrom('intents')
    .select(['id', 'holder', 'expires'])
    .where('tenant', '=', toHex(tenant))
    .execute();
  const now = clock();
  const dead = rows.filter((row) => isDead(row, now));
  for (const { id } of dead) await database.kysely.deleteFrom('intents').where('id', '=', id).execute();
  return dead.length;
}

async function checkAlone(tx: Transaction, tenant: string): Promise<void> {
  const other = await tx
    .selectFrom('intents')
    .select('id')
    .where('tenant', '=', tenant)
    .where('kind', '=', 'collect')
    .executeTakeFirst();
  if (other === undefined) return;
  throw new StrataError('refused', 'the store is being collected, or its index rebuilt, by another process', {
    hint: 'Run the command again when that has ended.',
  });
}

function givenUp(): StrataError {
  return new StrataError('refused', 'the save took too long and was given up by others', {
    hint: 'Save again: what is stored already is not stored twice.',
  });
}

function tenantGone(): StrataError {
  return new StrataError('not_found', 'the tenant is gone: its keys were destroyed', {
    hint: '`strata keys status` lists the tenants that there are.',
  });
}
