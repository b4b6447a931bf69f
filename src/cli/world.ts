/** What a command line has around it. */

import type { Readable, Writable } from 'node:stream';

import type { Clock } from '../base/index.ts';

/** A terminal, a pipe or a file. */
export interface OutputStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface InputStream extends Readable {
  readonly isTTY?: boolean;
}

export interface World {
  /** As it was called: `strata` or `mctl`. */
  readonly program: string;
  /** What starts this program again, and what goes before its words; undefined: nobody knows. */
  readonly start?: readonly [string, ...string[]] | undefined;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The flags that every command has, before or after its noun. */
export interface GlobalFlags {
  readonly config?: string;
  readonly home?: string;
  readonly tenant?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** False for `--no-color`. */
  readonly color?: boolean;
}
