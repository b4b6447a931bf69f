/** The directory that is restored into, followed alongside the tree as far down as there is one. */

import { StrataError } from '../base/index.ts';
import { displayPath, pathText } from '../tree/index.ts';
import type { Entry, Path } from '../tree/index.ts';
import { lstatAt, manyNamesIn, nameBytes, reopenDirectory } from './at.ts';
import { DirectoryChain } from './chain.ts';
import { Claims } from './claims.ts';
import { standing } from './compare.ts';
import type { Standing } from './compare.ts';
import type { Staging } from './staging.ts';

export interface ShadowOptions {
  /** Take note of all names, to tell what the tree does not have; but for these, right below the target. */
  readonly allBut: readonly Staging[];
}

export class Shadow implements Disposable {
  readonly #chain: DirectoryChain | undefined;
  /** Of the directories from the target down to where we are. */
  readonly #claims: Claims[] | undefined;
  /** How many levels below the last directory that is there. */
  #beyond = 0;

  /** @param target an open directory, which stays open; undefined if there is none yet */
  constructor(target: number | undefined, options?: ShadowOptions) {
    this.#chain = target === undefined ? undefined : new DirectoryChain(reopenDirectory(target));
    if (target === undefined) this.#beyond = 1;
    else if (options !== undefined) {
      const ignored = options.allBut.map(({ name }) => name.toString('latin1'));
      this.#claims = [new Claims(manyNamesIn(target), ignored)];
    }
  }

  /** The open directory on disk where we are; undefined beyond what is there. */
  get fd(): number | undefined {
    return this.#beyond === 0 ? this.#chain?.fd : undefined;
  }

  /** @throws conflict as `claim` */
  standing(entry: Entry, path: Path): Standing {
    if (this.fd === undefined) return 'absent';
    this.claim(entry, path);
    return standing(this.fd, entry);
  }

  /**
   * Notes that a name belongs to the tree.
   *
   * @throws conflict if the file system takes the name for another one that it lists: that is the tree's, and would pass for foreign
   */
  claim({ name, kind }: Pick<Entry, 'name' | 'kind'>, path: Path): void {
    if (this.fd === undefined || this.#claims === undefined) return;
    const isListed = this.#claims.at(-1)!.claim(name, kind === 'symlink' ? 'link' : 'other');
    if (isListed || lstatAt(this.fd, name) === undefined) return;
    throw new StrataError('conflict', `${pathText(path)} is there under another name, or came just now`, {
      hint: 'Restore to a file system that keeps names as they are, when nothing else works in the directory.',
      details: { paths: [displayPath(path)] },
    });
  }

  /** Whether the directory where we are has what the tree does not have; asked when the tree's own are claimed. */
  get hasForeign(): boolean {
    return this.fd !== undefined && this.#claims?.at(-1)!.isLeft === true;
  }

  /** The names of that. */
  *foreign(): Generator<Buffer, void> {
    if (this.fd === undefined || this.#claims === undefined) return;
    for (const name of this.#claims.at(-1)!.unclaimed()) yield nameBytes(name);
  }

  /** Follows into a directory of the tree, that stands as it says. @throws the system's error */
  enter(name: Uint8Array, stands: Standing): void {
    if (stands !== 'directory' || this.fd === undefined) {
      this.#beyond++;
      return;
    }
    this.#chain!.enter(name);
    this.#claims?.push(new Claims(manyNamesIn(this.fd)));
  }

  /** @param finish as of `DirectoryChain.leave`; is not called beyond what is there */
  leave(finish?: (fd: number) => void): void {
    if (this.#beyond > 0) {
      this.#beyond--;
      return;
    }
    this.#claims?.pop();
    this.#chain?.leave(finish);
  }

  [Symbol.dispose](): void {
    this.#chain?.[Symbol.dispose]();
  }
}
