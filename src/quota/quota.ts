/**
 * The contract of quotas: a directory that holds so many bytes and no more, however many write to it at once.
 *
 * - A *place* is a directory that belongs to the quota; the files are in a directory inside of it, whose path is told. Beside it the quota keeps
 *   what it needs.
 * - `open` makes what is missing and goes on with what is there: after a crash, a reboot, by another process, with another limit. It may be
 *   called again for a place that is open already. What is there may be more than the limit: then it can be read and deleted, and nothing be added.
 * - While it is open, writers get ENOSPC or EDQUOT at the limit, or are to be stopped as soon as `exceeded` says so: then no more than 16 MiB
 *   or 1 % are over it, whichever is more. What was there before stays whole. Deleting is always possible.
 * - `close` puts it away; the files stay, and are seen again after the next `open`. `remove` takes away the files as well.
 * - A place goes on by the means that it was made with.
 */

import type { Cancellable } from '../base/index.ts';

/** The strongest first: a file system of that size; a quota of the kernel on a part of one; a watch that says when to stop. */
export type MeansName = 'filesystem' | 'project' | 'watch';

export interface QuotaMeans {
  readonly name: MeansName;
  /**
   * @param place made if it is missing; nobody else may write beside its files
   * @param limit bytes, of files and what they need to be files: blocks on the disk, as `du` counts them
   * @throws disk_full; integrity if what is there is damaged; unavailable if this machine cannot do it, or something is in the way
   */
  open(place: string, limit: number, options?: Cancellable): Promise<LimitedDirectory>;
  /** Also when it is not open. @throws unavailable if something still uses it, as far as that is in the way: it stays open then */
  close(place: string, options?: Cancellable): Promise<void>;
  /** Also when there is nothing. @throws as `close` */
  remove(place: string, options?: Cancellable): Promise<void>;
}

export interface LimitedDirectory {
  /** Where the files are. Absolute; the same each time that a place is opened by these means. */
  readonly directory: string;
  readonly means: MeansName;
  readonly limit: number;
  /** Bytes, as the limit counts them. */
  used(options?: Cancellable): Promise<number>;
  /** There is hardly any room left: who was just refused space was refused it for this. */
  isFull(options?: Cancellable): Promise<boolean>;
  /**
   * Resolves when the limit is exceeded and somebody has to stop the writers; kernels stop them themselves. Rejects when the signal is aborted.
   *
   * @param writers if they can be stopped for a moment, they write nothing while it is found out, and stay stopped when this resolves. Without it
   *   whoever fills memory at gigabytes a second may be further over the limit than it should.
   */
  exceeded(signal: AbortSignal, writers?: Writers): Promise<void>;
  /** The largest files, the largest first; of hard links one; directories are not counted, nor what cannot be read. */
  biggest(count: number, options?: Cancellable): Promise<readonly BigFile[]>;
}

/**
 * All processes that write, as whoever started them can stop them (a frozen group, SIGSTOP), also when there are none. Trap: one that waits in the
 * kernel must not be waited for; it may wait for one that is stopped.
 */
export interface Writers {
  stop(): void | Promise<void>;
  goOn(): void | Promise<void>;
}

export interface BigFile {
  /** Below the directory, as `displayPath` shows it. */
  readonly path: string;
  /** On the disk. */
  readonly bytes: number;
}
