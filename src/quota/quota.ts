/**
 * The contract of quotas: a directory that holds so many bytes and no more, however many write to it at once.
 *
 * - A *place* is a directory that belongs to the quota; the files are in a directory inside of it, whose path is told. Beside it the quota keeps
 *   what it needs.
 * - `open` makes what is missing and goes on with what is there: after a crash, a reboot, by another process, with another limit. It may be
 *   called again for a place that is open already.
 * - While it is open, writers get ENOSPC or EDQUOT at the limit, or are to be stopped as soon as `exceeded` says so: then no more than 16 MiB
 *   or 1 % are over it, whichever is more. What was there before stays whole. Deleting is always possible.
 * - `close` puts it away; the files stay, and are seen again after the next `open`. `remove` takes away the files as well.
 */

import type { Cancellable } from '../base/index.ts';

/** The strongest first: a file system of that size; a quota of the kernel on a part of one; a watch that says when to stop. */
export type MeansName = 'filesystem' | 'project' | 'watch';

export interface QuotaMeans {
  readonly name: MeansName;
  /** @param limit bytes, of files and what they need to be files; more than is there may be more than the limit. @throws disk_full, … */
  open(place: string, limit: number, options?: Cancellable): Promise<LimitedDirectory>;
  /** Also when it is not open. @throws unavailable if something still uses it */
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
  /** Resolves when the limit is exceeded and somebody has to stop the writers; kernels stop them themselves. Rejects when the signal is aborted. */
  exceeded(signal: AbortSignal): Promise<void>;
  /** The largest files, the largest first; directories are not counted. */
  biggest(
    count: number,
    options?: Cancellable,
  ): Promise<readonly { readonly path: string; readonly bytes: number }[]>;
}
