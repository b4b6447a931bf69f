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

export type SaveOrder =
  | {
      readonly kind: 'files';
      readonly job: number;
      /** Open directories: descriptors are the whole process's. */
      readonly directories: readonly number[];
      /** One character a byte. */
      readonly names: readonly string[];
      readonly facts: Float64Array;
    }
  | {
      readonly kind: 'range';
      readonly job: number;
      /** An open file. */
      readonly fd: number;
      /** The thread takes the next of them. */
      readonly ranges: RangesShare;
    }
  | { readonly kind: 'finish' };

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
