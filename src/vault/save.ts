/**
 * A save under way, from its intent to its commit.
 *
 * The order is what makes it safe: intent → packs → index segment → (the caller's transaction) → head. Whatever is cut off
 * leaves stored objects that nothing refers to and an intent that names them.
 */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Transaction } from '../db/index.ts';
import type { TenantIndex } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import { intentIdentity } from './names.ts';
import type { IntentId } from './names.ts';
import { encodeIntent } from './intent-record.ts';
import type { IntentRecord } from './intent-record.ts';
import { putRecord } from './sealed-object.ts';
import { mergeSegments } from './segment-merge.ts';
import type { VaultWorld } from './world.ts';
import { VaultWriter } from './writer.ts';
import type { Written } from './writer.ts';

/** After this others may take a save for dead and remove its intent; its commit is refused then. Milliseconds. */
const INTENT_LIFE = 24 * 60 * 60 * 1000;

/** Epochs count collections. Nothing collects yet, so every save reads the first one. */
const FIRST_EPOCH = 1;

export class Save implements AsyncDisposable {
  readonly writer: VaultWriter;
  readonly #world: VaultWorld;
  readonly #keyring: Keyring;
  readonly #intent: IntentRecord;
  /** Merges what earlier saves left, while this one goes on. */
  readonly #merging: Promise<void>;
  #written: Written | undefined;

  private constructor(
    world: VaultWorld,
    keyring: Keyring,
    intent: IntentRecord,
    writer: VaultWriter,
    merging: Promise<void>,
  ) {
    this.#world = world;
    this.#keyring = keyring;
    this.#intent = intent;
    this.writer = writer;
    this.#merging = merging;
    // A mistake in it is told at the end of the save, and not as one that nobody waits for.
    merging.catch(() => {});
  }

  /** @param readIndex is called when the intent is in place, not before */
  static async begin(
    world: VaultWorld,
    keyring: Keyring,
    readIndex: () => Promise<TenantIndex>,
    options: Cancellable,
  ): Promise<Save> {
    const { store, database, random } = world;
    const started = world.clock();
    const id = random(ID_BYTES) as IntentId;
    const intent = { id, epoch: FIRST_EPOCH, started, expires: started + INTENT_LIFE };
    const { epoch, expires } = intent;
    await database.kysely
      .insertInto('intents')
      .values({ id: toHex(id), tenant: toHex(keyring.tenant), epoch, started, expires })
      .execute();
    try {
      const identity = intentIdentity(keyring.tenant, id);
      await putRecord(store, keyring.seal('intent'), identity, encodeIntent(intent), random, options);
      // What puts of dead processes left: nobody else comes by.
      await store.sweep(INTENT_LIFE, options);
      const index = await readIndex();
      const { signal } = options;
      const writer = new VaultWriter({ store, keyring, random, index, intent: id, signal });
      return new Save(world, keyring, intent, writer, mergeSegments(world, keyring, options));
    } catch (error) {
      await withdraw(world, keyring, id);
      throw error;
    }
  }

  /** Everything that was given to the writer is durable when this returns. */
  async finish(): Promise<Written> {
    this.#written = await this.writer.finish();
    return this.#written;
  }

  /**
   * Puts what was written into force, in the caller's transaction.
   *
   * @throws refused if the save was taken for dead meanwhile: its packs may be gone
   */
  async commit(tx: Transaction): Promise<void> {
    const id = toHex(this.#intent.id);
    const ended = await tx.deleteFrom('intents').where('id', '=', id).executeTakeFirst();
    if (ended.numDeletedRows === 0n) {
      throw new StrataError('refused', 'the save took too long and was given up by others', {
        hint: 'Save again: what is stored already is not stored twice.',
      });
    }
    const segment = this.#written?.segment;
    if (segment === undefined) return;
    await tx
      .insertInto('segments')
      .values({
        id: toHex(segment.id),
        tenant: toHex(this.#keyring.tenant),
        size: segment.bytes,
        created: this.#world.clock(),
      })
      .execute();
  }

  /** Ends the save; what was not committed can never be. Packs that are stored already are left to the collector. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.abort(new StrataError('cancelled', 'the save was given up'));
    await withdraw(this.#world, this.#keyring, this.#intent.id);
    await this.#merging;
  }
}

/**
 * Removes an intent, without the caller's signal. The row comes first: without it no commit can follow.
 *
 * What cannot be removed is no failure: it expires, and an error here would hide that the save was committed, or why it was not.
 */
async function withdraw({ store, database }: VaultWorld, keyring: Keyring, intent: IntentId): Promise<void> {
  try {
    await database.kysely.deleteFrom('intents').where('id', '=', toHex(intent)).execute();
    await store.delete(intentIdentity(keyring.tenant, intent).name);
  } catch (error) {
    if (!isStrataError(error)) throw error;
  }
}
