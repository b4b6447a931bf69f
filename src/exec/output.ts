/**
 * Brings a command's output to whoever takes it, at their pace: nothing more is read while they are at it, so a command that prints
 * faster than they take waits in its `write`.
 */

import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

import type { RunOptions } from './executor.ts';

type Stream = 'stdout' | 'stderr';

/** Two looks this far apart with nothing between them: the pipe is empty, though somebody holds its other end. */
const LOOK_MS = 50;
/** More than a pipe can hold (1 MiB unless root wants more). What still comes is of somebody who does not stop. */
const MOST_AFTER_END = 4 * 1024 * 1024;
/** Of stderr, for messages of whatever starts the command. */
const TAIL_BYTES = 4096;

export class Output {
  /** Rejects with what the taker threw; never resolves before the end. */
  readonly done: Promise<void>;
  readonly #sockets: readonly Socket[];
  readonly #take: RunOptions['onOutput'];
  #turn: Promise<void> = Promise.resolve();
  #taking = 0;
  #bytes = 0;
  #abandoned = false;
  #tail: Buffer = Buffer.alloc(0);

  constructor(stdout: Socket, stderr: Socket, take: RunOptions['onOutput']) {
    this.#sockets = [stdout, stderr];
    this.#take = take;
    this.done = Promise.all([this.#pump(stdout, 'stdout'), this.#pump(stderr, 'stderr')]).then(
      () => undefined,
    );
    // It is awaited later; until then a failure must not end the process.
    this.done.catch(() => undefined);
  }

  /** The last of what came on stderr. */
  get tail(): string {
    return this.#tail.toString('utf8');
  }

  /**
   * After all processes are gone: brings what is still in the pipes and ends. A process that was handed an end of them (over a socket, to
   * a daemon of the machine's) may hold it as long as it likes.
   */
  async finish(): Promise<void> {
    const settled = this.done.then(
      () => true,
      () => true,
    );
    const start = this.#bytes;
    let seen = -1;
    while (!(await Promise.race([settled, setTimeout(LOOK_MS, false)]))) {
      const idle = this.#taking === 0 && this.#bytes === seen;
      seen = this.#bytes;
      if (idle || this.#bytes - start > MOST_AFTER_END) this.abandon();
    }
    await this.done;
  }

  /** Reads nothing more. */
  abandon(): void {
    this.#abandoned = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async #pump(socket: Socket, stream: Stream): Promise<void> {
    try {
      for await (const chunk of socket) {
        const bytes = chunk as Buffer;
        this.#taking++;
        this.#bytes += bytes.length;
        if (stream === 'stderr') this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-TAIL_BYTES);
        try {
          await this.#inTurn(() => this.#take(bytes, stream));
        } finally {
          this.#taking--;
        }
      }
    } catch (error) {
      // Destroying a stream under its reader is an error to the reader.
      if (!this.#abandoned) throw error;
    }
  }

  /** One call at a time, though there are two streams. */
  async #inTurn(take: () => void | Promise<void>): Promise<void> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      await take();
    } finally {
      resolve();
    }
  }
}
