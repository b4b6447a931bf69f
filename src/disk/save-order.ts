/** What the walk and the threads that read files say to each other. */

import { messageError } from '../base/index.ts';
import type { ErrorMessage } from '../base/index.ts';
import type { ThreadOutput, WriterShare } from '../vault/index.ts';
import type { RangesShare } from './ranges.ts';

/** Of each file: device, inode, size, time of content, time of change; so that a message is one array and not a thousand objects. */
export const FACTS = 5;

/** The first order: a thread is started before it is known what for. */
export interface SaveBegin {
  readonly kind: 'begin';
  readonly share: WriterShare;
}

/** What is done by whoever is free first: all threads that there are by then are given it, and the caller's may take it too. */
interface Job {
  readonly job: number;
  /** One number: whether somebody has begun it. */
  readonly begun: Int32Array;
}

export type SaveJob =
  | (Job & {
      readonly kind: 'files';
      /** Open directories: descriptors are the whole process's. */
      readonly directories: readonly number[];
      /** One character a byte. */
      readonly names: readonly string[];
      readonly facts: Float64Array;
    })
  | (Job & {
      readonly kind: 'range';
      /** An open file. */
      readonly fd: number;
      /** Whoever has the job takes the next of them. */
      readonly ranges: RangesShare;
    });

export type SaveOrder = SaveJob | { readonly kind: 'finish' };

/** Of a job that nobody has begun. */
export function notBegun(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** @returns whether the job is the caller's now: somebody else may have been before it */
export function tryBegin({ begun }: SaveJob): boolean {
  return Atomics.exchange(begun, 0, 1) === 0;
}

export interface SaveAnswer {
  /** Parts of packs that came up meanwhile; they belong to no job. */
  readonly outputs: readonly ThreadOutput[];
  /** Undefined: there was no job, and nothing is left. */
  readonly outcome: JobOutcome | undefined;
}

export type JobOutcome =
  | {
      readonly kind: 'files';
      readonly job: number;
      /** Of each file how many bytes of `extents` are its own, or one of the two below. */
      readonly lengths: Float64Array;
      readonly extents: Uint8Array;
      readonly failures: readonly (readonly [file: number, errno: string | undefined, error: ErrorMessage])[];
    }
  | {
      readonly kind: 'range';
      readonly job: number;
      readonly number: number;
      /** Undefined if the file was changed. */
      readonly extents: Uint8Array | undefined;
      readonly failure: readonly [errno: string | undefined, error: ErrorMessage] | undefined;
    };

/** The file was changed, or is no longer there. */
export const CHANGED = -1;
/** It is in `failures`. */
export const FAILED = -2;

/** What the system refused to a thread, as an error that `errno` reads. */
export function systemErrorOf(errno: string | undefined, message: ErrorMessage): Error {
  const error = messageError(message);
  return errno === undefined ? error : Object.assign(new Error(message.message), { code: errno });
}
