/** A terminal or a pipe that remembers what was written to it. */

import { Readable, Writable } from 'node:stream';

import type { OutputStream, World } from './world.ts';

export interface Capture extends OutputStream {
  /** What has arrived so far. */
  readonly text: () => string;
  /** Everything, once it has arrived. */
  readonly settled: () => Promise<string>;
}

export interface CaptureOptions {
  readonly isTTY?: boolean;
  /** What each write fails with, once `after` were taken. */
  readonly failure?: string;
  readonly after?: number;
}

export function capture({ isTTY = false, failure, after = 0 }: CaptureOptions = {}): Capture {
  const parts: Buffer[] = [];
  const stream = new Writable({
    write(part: Buffer, _encoding, done) {
      const fails = failure !== undefined && parts.length >= after;
      if (!fails) parts.push(part);
      setImmediate(
        done,
        fails ? Object.assign(new Error(`${failure}: planted, write`), { code: failure }) : null,
      );
    },
  });
  stream.on('error', () => {});
  const text = () => Buffer.concat(parts).toString();
  const settled = () => new Promise<string>((resolve) => stream.write('', () => resolve(text())));
  return Object.assign(stream, { isTTY, text, settled });
}

export interface CapturedWorld extends World {
  readonly stdout: Capture;
  readonly stderr: Capture;
}

export function captureWorld(
  world: Partial<World> & { stdout?: Capture; stderr?: Capture } = {},
): CapturedWorld {
  return {
    program: 'strata',
    stdin: Readable.from([]),
    stdout: capture(),
    stderr: capture(),
    env: {},
    cwd: process.cwd(),
    clock: Date.now,
    signal: new AbortController().signal,
    ...world,
  };
}
