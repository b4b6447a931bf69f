/** What a restore does beside the usual after which the target is to have a tree and nothing else. */

import { statfsSync } from 'node:fs';

import { isStrataError } from '../base/index.ts';
import type { Root } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { ExactMemory } from './exact-memory.ts';
import { Foreign } from './foreign.ts';
import type { OffLimits } from './off-limits.ts';
import { Pace } from './pace.ts';
import { removeForeign } from './remove-foreign.ts';
import { Sightings } from './sightings.ts';
import type { Stage } from './stage.ts';

export interface ExactRestoreOptions {
  readonly source: ContentSource;
  readonly root: Root;
  readonly offLimits: OffLimits;
  readonly sync: boolean;
  /** As of `RestoreOptions`. */
  readonly remember: ((part: Uint8Array) => void) | undefined;
}

export class ExactRestore {
  /** Removes what is in the way, and then all else. */
  readonly foreign: Foreign;
  /** If it is to be remembered. */
  readonly sightings: Sightings | undefined;
  readonly #options: ExactRestoreOptions;

  constructor(options: ExactRestoreOptions) {
    this.#options = options;
    this.foreign = this.#remover();
    this.sightings = options.remember && new Sightings();
  }

  /**
   * Whether what was too much for the file system may fit when all else is gone. Only asked when it did not fit: what is free, and what a file
   * takes, is known for certain only then.
   *
   * @param error what the writing ended with
   */
  wantsRoom(error: unknown, { plan, room }: Stage): boolean {
    return isStrataError(error, 'disk_full') && plan.removed.count > 0 && room.freed > 0;
  }

  /** As far as can be told, so that nothing is removed in vain. @param target an open directory, with nothing staged in it */
  canMakeRoom({ room }: Stage, target: number): boolean {
    const { bavail, bsize } = statfsSync(`/proc/self/fd/${target}`);
    return bavail * bsize + room.freed >= room.needed;
  }

  async makeRoom(target: number): Promise<void> {
    // What stays is tried again at the end.
    await this.#remove(target, this.#remover());
  }

  /** When all of the tree is in its place. What could not be removed is in `foreign.stuck`. */
  async finish(target: number): Promise<void> {
    const { source, root, remember } = this.#options;
    const memory = remember && this.sightings && new ExactMemory(source, root, this.sightings, remember);
    await this.#remove(target, this.foreign, memory);
    await memory?.finish();
  }

  async #remove(target: number, foreign: Foreign, memory?: ExactMemory): Promise<void> {
    const { source, root, sync } = this.#options;
    await removeForeign(target, { source, tree: root.tree, foreign, sync, memory });
  }

  #remover(): Foreign {
    return new Foreign({ offLimits: this.#options.offLimits, pace: new Pace({}), removes: true });
  }
}
