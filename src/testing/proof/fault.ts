/** The other side of fault.c: a process that counts its calls, or of which one fails. */

import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

import { compile } from './native.ts';

/** As in fault.c. */
const STATE_BYTES = 4096;
const CALL_AT = 8;
const FAULT_AT = 32;
const PATH_AT = 56;
const PATH_END = 312;

export interface FaultOptions {
  /** Calls for files in this directory are counted. */
  readonly under: string;
  /** Default: all calls. */
  readonly calls?: 'changes';
  /** Which call meets it, from 1. Without it calls are only counted. */
  readonly at?: number;
  /** A number chooses among the faults that the call can have. */
  readonly kind?: number | 'kill' | 'full' | 'cut';
  readonly noSync?: boolean;
}

export interface Fault {
  /** Goes into the environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls so far, also while it runs. */
  seen(): number;
  /** What happened, as in `fsync: EIO`, and the path that the call was for; undefined if nothing has. */
  fired(): { readonly what: string; readonly path: string } | undefined;
}

/** @param file takes what the process and we share about it */
export function prepareFault(file: string, options: FaultOptions): Fault {
  writeFileSync(file, new Uint8Array(STATE_BYTES));
  const { under, calls, at, kind, noSync = false } = options;
  const read = () => {
    const bytes = Buffer.alloc(STATE_BYTES);
    const fd = openSync(file, 'r');
    readSync(fd, bytes, 0, STATE_BYTES, 0);
    closeSync(fd);
    return bytes;
  };
  return {
    environment: {
      LD_PRELOAD: compile('fault'),
      PROOF_STATE: file,
      PROOF_UNDER: under,
      ...(calls !== undefined && { PROOF_CALLS: calls }),
      ...(at !== undefined && { PROOF_AT: String(at) }),
      ...(kind !== undefined && { PROOF_KIND: String(kind) }),
      ...(noSync && { PROOF_NO_SYNC: '1' }),
    },
    seen: () => read().readUInt32LE(0),
    fired() {
      const bytes = read();
      if (bytes.readUInt32LE(4) === 0) return undefined;
      const call = text(bytes, CALL_AT, FAULT_AT);
      return { what: `${call}: ${text(bytes, FAULT_AT, PATH_AT)}`, path: text(bytes, PATH_AT, PATH_END) };
    },
  };
}

function text(bytes: Buffer, start: number, end: number): string {
  const part = bytes.subarray(start, end);
  const zero = part.indexOf(0);
  return part.subarray(0, zero === -1 ? undefined : zero).toString('latin1');
}
