/**
 * A save under way, from its intent to its commit.
 *
 * The order is what makes it safe: intent → packs → index segment → (the caller's transaction) → head. Whatever is cut off
 * leaves stored objects that nothing refers to. Its packs are taken over by the next save, or else collected.
 */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import { Announcement, INTENT_LIFE } from './announce.ts';
import type { TenantIndex } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import { mergeSegments } from './segment-merge.ts';
import { addSegment } from './segments-in-force.ts';
import { claimSent, endSent, noteSent } from './sent-packs.ts';
import { tablesOfClaimed } from './taken-over.ts';
import type { VaultWorld } from './world.ts';
import { VaultWriter } from './writer.ts';
import type { Written } from './writer.ts';

export class Save implements AsyncDisposable {
  readonly writer: VaultWriter;
  readonly #world: VaultWorld;
  readonly #keyring: Keyring;
  readonly #intent: Announcement;
  /** Merges what earlier saves left, while this one goes on. */
  readonly #merging: Promise<void>;
  #written: Written | undefined;

  private constructor(
    world: VaultWorld,
    keyring: Keyring,
    intent: Announcement,
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
    const { store, random } = world;
    const { tenant } = keyring;
    const { announcement: intent, found: claimed } = await Announcement.toSave(
      world,
      tenant,
      (tx, id) => claimSent(tx, tenant, id, world.clock()),
      options,
    );
    try {
      // What puts of dead processes left: nobody else comes by.
      await store.sweep(INTENT_LIFE, options);
      world.log?.(`intent ${toHex(intent.id)} announced`);
      const index = await readIndex();
      const takenOver = await tablesOfClaimed(world, keyring, claimed, options);
      const { signal } = options;
      const writer = new VaultWriter({
        store,
        keyring,
        random,
        index,
        takenOver,
        intent: intent.id,
        signal,
        log: world.log,
        onSent: (sent) => noteSent(world, tenant, intent.id, sent),
      });
      const merging = mergeSegments(world, keyring, (tx) => intent.check(tx), options);
      return new Save(world, keyring, intent, writer, merging);
    } catch (error) {
      await intent[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Of the tenant when it began: nothing that it may refer to was condemned before. */
  get epoch(): number {
    return this.#intent.epoch;
  }

  /** Everything that was given to the writer is durable when this returns. */
  async finish(): Promise<Written> {
    this.#written = await this.writer.finish();
    // The commit ends the announcement, without which nothing is merged. What went wrong there is told at the end.
    await this.#merging.catch(() => {});
    return this.#written;
  }

  /**
   * Puts what was written into force, in the caller's transaction.
   *
   * @throws refused if the save was taken for dead meanwhile: its packs may be gone
   */
  async commit(tx: Transaction): Promise<void> {
    await this.#intent.end(tx);
    const segment = this.#written?.segment;
    if (segment === undefined) return;
    await addSegment(tx, this.#world, this.#keyring.tenant, segment);
    await endSent(tx, this.#intent.id);
  }

  /** Ends the save; what was not committed can never be. Packs that are stored already are left to the next save, or to the collector. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.abort(new StrataError('cancelled', 'the save was given up'));
    try {
      await this.#merging;
    } finally {
      await this.#intent[Symbol.asyncDispose]();
    }
  }
}
