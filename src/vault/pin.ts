/** A pin keeps what is read from being collected, for as long as it is read. */

import type { Cancellable } from '../base/index.ts';
import { Announcement } from './announce.ts';
import type { LookUp } from './announce.ts';
import { packsApart } from './apart.ts';
import type { Keyring } from './keyring.ts';
import type { VaultReader } from './reader.ts';
import type { VaultWorld } from './world.ts';

export class Pin<Found = unknown> implements AsyncDisposable {
  readonly found: Found;
  /**
   * What may be remembered of trees that are read: undefined where nothing can be announced, 0 if a part of one may be in a pack that
   * stands apart, since whoever refers to it later must not rely on that one.
   */
  readonly epoch: number | undefined;
  /** What reads all that was found: the index comes after it, so what it refers to is in force by then. */
  readonly source: () => Promise<VaultReader>;
  readonly #announcement: Announcement | undefined;

  private constructor(
    found: Found,
    source: () => Promise<VaultReader>,
    announcement?: Announcement,
    epoch?: number,
  ) {
    this.found = found;
    this.source = source;
    this.epoch = epoch;
    this.#announcement = announcement;
  }

  /** @throws what `lookUp` does; then nothing is announced */
  static async begin<Found>(
    world: VaultWorld,
    keyring: Keyring,
    lookUp: LookUp<Found>,
    source: () => Promise<VaultReader>,
    options: Cancellable = {},
  ): Promise<Pin<Found>> {
    const { database, log } = world;
    // What cannot be written to cannot be collected from here either; elsewhere, the margin is for such readers.
    if (database.readOnly) return new Pin((await lookUp(database.kysely)).found, source);
    const { announcement, found } = await Announcement.toRead(world, keyring.tenant, lookUp, options);
    log?.(`reading announced, in epoch ${announcement.epoch}`);
    try {
      const apart = await packsApart(database.kysely, keyring.tenant);
      return new Pin(found, source, announcement, apart.size === 0 ? announcement.epoch : 0);
    } catch (error) {
      await announcement[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#announcement?.[Symbol.asyncDispose]();
  }
}
