/** A pin keeps what is read from being collected, for as long as it is read. */

import type { Cancellable } from '../base/index.ts';
import { Announcement } from './announce.ts';
import { packsApart } from './apart.ts';
import type { Keyring } from './keyring.ts';
import type { VaultReader } from './reader.ts';
import type { VaultWorld } from './world.ts';

export class Pin implements AsyncDisposable {
  /**
   * What may be remembered of trees that are read: undefined where nothing can be announced, 0 if a part of one may be in a pack that
   * stands apart, since whoever refers to it later must not rely on that one.
   */
  readonly epoch: number | undefined;
  /** What reads all that is in force when this is called: so look up what is to be read before. */
  readonly source: () => Promise<VaultReader>;
  readonly #announcement: Announcement | undefined;

  private constructor(source: () => Promise<VaultReader>, announcement?: Announcement, epoch?: number) {
    this.source = source;
    this.epoch = epoch;
    this.#announcement = announcement;
  }

  static async begin(
    world: VaultWorld,
    keyring: Keyring,
    source: () => Promise<VaultReader>,
    options: Cancellable = {},
  ): Promise<Pin> {
    // What cannot be written to cannot be collected from here either; elsewhere, the margin is for such readers.
    if (world.database.readOnly) return new Pin(source);
    const announcement = await Announcement.toRead(world, keyring.tenant, undefined, options);
    world.log?.(`reading announced, in epoch ${announcement.epoch}`);
    try {
      const apart = await packsApart(world.database.kysely, keyring.tenant);
      return new Pin(source, announcement, apart.size === 0 ? announcement.epoch : 0);
    } catch (error) {
      await announcement[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#announcement?.[Symbol.asyncDispose]();
  }
}
