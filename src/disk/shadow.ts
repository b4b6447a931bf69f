/** The directory that is restored into, followed alongside the tree as far down as there is one. */

import { DirectoryChain } from './chain.ts';
import { reopenDirectory } from './at.ts';
import { standing } from './compare.ts';
import type { Standing } from './compare.ts';
import type { Entry } from '../tree/index.ts';

export class Shadow implements Disposable {
  readonly #chain: DirectoryChain | undefined;
  /** How many levels below the last directory that is there. */
  #beyond = 0;

  /** @param target an open directory, which stays open; undefined if there is none yet */
  constructor(target: number | undefined) {
    this.#chain = target === undefined ? undefined : new DirectoryChain(reopenDirectory(target));
    if (target === undefined) this.#beyond = 1;
  }

  /** The open directory on disk where we are; undefined beyond what is there. */
  get fd(): number | undefined {
    return this.#beyond === 0 ? this.#chain?.fd : undefined;
  }

  standing(entry: Entry): Standing {
    return this.fd === undefined ? 'absent' : standing(this.fd, entry);
  }

  /** Follows into a directory of the tree, that stands as it says. @throws the system's error */
  enter(name: Uint8Array, stands: Standing): void {
    if (stands === 'directory') this.#chain?.enter(name);
    else this.#beyond++;
  }

  leave(): void {
    if (this.#beyond > 0) this.#beyond--;
    else this.#chain?.leave();
  }

  [Symbol.dispose](): void {
    this.#chain?.[Symbol.dispose]();
  }
}
