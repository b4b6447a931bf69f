/** A pin keeps what is read from being collected, for as long as it is read. */

import type { Cancellable } from '../base/index.ts';
import { Announcement } from './announce.ts';
import type { Keyring } from './keyring.ts';
import type { VaultReader } from './reader.ts';
import type { VaultWorld } from './world.ts';

export class Pin implements AsyncDisposable {
  /** Of the tenant when it began; undefined where nothing can be announced. */
  readonly epoch: number | undefined;
  /** What reads all that is in force when this is called: so look up what is to be read before. */
  readonly source: () => Promise<VaultReader>;
  readonly #announcement: Announcement | undefined;

  private constructor(source: () => Promise<VaultReader>, announcement: Announcement | undefined) {
    this.source = source;
    this.epoch = announcement?.epoch;
    this.#announcement = announcement;
  }

  static async begin(
    world: VaultWorld,
    keyring: Keyring,
    source: () => Promise<VaultReader>,
    options: Cancellable = {},
  ): Promise<Pin> {
    // What cannot be written to cannot be collected from here either; elsewhere, the margin is for such readers.
    if (world.database.readOnly) return new Pin(source, undefined);
    return new Pin(source, await Announcement.toRead(world, keyring.tenant, undefined, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#announcement?.[Symbol.asyncDispose]();
  }
}
