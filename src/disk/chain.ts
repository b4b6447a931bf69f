/** The way from a root directory down to where we are, as open directories, of which only the last few stay open. */

import { closeSync, fstatSync } from 'node:fs';

import { StrataError } from '../base/index.ts';
import { openDirectoryAt } from './at.ts';

/** Open directories of one chain, at most: far below the usual limit of 1024 descriptors, far above usual depths. */
const WINDOW = 64;

const CLOSED = -1;
const PARENT = Buffer.from('..');

interface Link {
  fd: number;
  /** Of a closed one: what must be found again behind `..`. */
  dev: bigint;
  ino: bigint;
}

export class DirectoryChain implements Disposable {
  readonly #links: Link[];
  readonly #close: (fd: number) => void;

  /**
   * @param root an open directory, which the chain closes in the end
   * @param close is given each directory that the chain is done with
   */
  constructor(root: number, close: (fd: number) => void = closeSync) {
    this.#links = [{ fd: root, dev: 0n, ino: 0n }];
    this.#close = close;
  }

  /** The directory where we are. */
  get fd(): number {
    return this.#last.fd;
  }

  /** Goes down into a directory. A link is never followed. @throws the system's error */
  enter(name: Uint8Array): void {
    this.#links.push({ fd: openDirectoryAt(this.fd, name), dev: 0n, ino: 0n });
    const above = this.#links[this.#links.length - 1 - WINDOW];
    if (above === undefined || above.fd === CLOSED) return;
    const { dev, ino } = fstatSync(above.fd, { bigint: true });
    this.#close(above.fd);
    Object.assign(above, { fd: CLOSED, dev, ino });
  }

  /**
   * Goes up again.
   *
   * @param finish is given the directory that is left, when the way up is already certain: it may take away our own access
   * @throws file_changed if the directory was moved elsewhere meanwhile, so that its parent is another
   */
  leave(finish?: (fd: number) => void): void {
    const left = this.#last;
    const above = this.#links.at(-2);
    if (above === undefined) throw new StrataError('internal', 'there is nothing above the root of a chain');
    if (above.fd === CLOSED) reopen(above, left.fd);
    this.#links.pop();
    try {
      finish?.(left.fd);
    } finally {
      this.#close(left.fd);
    }
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#links.splice(0)) if (fd !== CLOSED) this.#close(fd);
  }

  get #last(): Link {
    const last = this.#links.at(-1);
    if (last === undefined) throw new StrataError('internal', 'a chain is used after its end');
    return last;
  }
}

function reopen(link: Link, below: number): void {
  const fd = openDirectoryAt(below, PARENT);
  const { dev, ino } = fstatSync(fd, { bigint: true });
  if (dev !== link.dev || ino !== link.ino) {
    closeSync(fd);
    throw new StrataError('file_changed', 'a directory was moved elsewhere while it was being worked on', {
      hint: 'Run the command again when nothing else moves directories around.',
    });
  }
  link.fd = fd;
}
