/**
 * What a command has as stdin, stdout and stderr. What Node calls a pipe is a pair of sockets, and a socket cannot be opened by its name:
 * `echo oops >/dev/stderr` would fail in every script. So these are real pipes, made as FIFOs that lose their names at once.
 */

import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemError } from '../base/index.ts';
import type { Command } from './executor.ts';
import { makeFifos } from './fifos.ts';
import { openPipe } from './pipe.ts';

export interface Pipes extends Disposable {
  /** The command's ends, for `spawn`: blocking, as programs expect them. */
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number];
  /** Of a stream that is to be its input. */
  readonly stdin: Socket | undefined;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Closes the command's ends here, so that its death is the end of what we read, and of who reads what we write. */
  started(): void;
}

/** Waits for no writer, so it can be opened before there is one. */
const OURS = constants.O_RDONLY | constants.O_NONBLOCK;

export async function openPipes(input: Command['input'] = ''): Promise<Pipes> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-pipes-'));
  const [stdout, stderr] = [join(directory, 'stdout'), join(directory, 'stderr')];
  const open: number[] = [];
  const hold = (path: string, flags: number) => {
    const fd = openSync(path, flags);
    open.push(fd);
    return fd;
  };
  try {
    await makeFifos([stdout, stderr]);
    const readers = [hold(stdout, OURS), hold(stderr, OURS)] as const;
    const writers = [hold(stdout, constants.O_WRONLY), hold(stderr, constants.O_WRONLY)] as const;
    // Last: it is not held here.
    const stdin = typeof input === 'string' ? fileOf(input, join(directory, 'stdin')) : await openPipe();
    return new OpenPipes([stdin.read, ...writers], [stdin.write, ...readers]);
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw systemError(error, `make pipes for a command in ${directory}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Loses its name as well. Whoever opens /dev/stdin reads it from its start: a FIFO whose writer is gone would block them. */
function fileOf(text: string, path: string): { readonly read: number; readonly write: undefined } {
  writeFileSync(path, text, { mode: 0o600 });
  return { read: openSync(path, constants.O_RDONLY), write: undefined };
}

class OpenPipes implements Pipes {
  readonly stdio: readonly [number, number, number];
  readonly stdin: Socket | undefined;
  readonly stdout: Socket;
  readonly stderr: Socket;
  #theirs: readonly number[];

  constructor(
    theirs: readonly [number, number, number],
    [input, out, err]: readonly [number | undefined, number, number],
  ) {
    this.stdio = theirs;
    this.#theirs = theirs;
    this.stdin = input === undefined ? undefined : new Socket({ fd: input, readable: false, writable: true });
    this.stdout = new Socket({ fd: out, readable: true, writable: false });
    this.stderr = new Socket({ fd: err, readable: true, writable: false });
  }

  started(): void {
    for (const fd of this.#theirs) closeSync(fd);
    this.#theirs = [];
  }

  [Symbol.dispose](): void {
    this.started();
    this.stdin?.destroy();
    this.stdout.destroy();
    this.stderr.destroy();
  }
}
