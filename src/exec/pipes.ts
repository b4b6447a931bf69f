/**
 * What a command has as stdin, stdout and stderr. What Node calls a pipe is a pair of sockets, and a socket cannot be opened by its name:
 * `echo oops >/dev/stderr` would fail in every script. So these are real pipes, made as FIFOs that lose their names at once.
 */

import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemError } from '../base/index.ts';
import { makeFifos } from './fifos.ts';

export interface Pipes extends Disposable {
  /** The command's ends, for `spawn`: blocking, as programs expect them. */
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number];
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Closes the command's ends here, so that its death is the end of what we read. */
  started(): void;
}

/** Waits for no writer, so it can be opened before there is one. */
const OURS = constants.O_RDONLY | constants.O_NONBLOCK;

/** @param input a file that has no name any more: a FIFO whose writer is gone blocks whoever opens /dev/stdin */
export async function openPipes(input: string): Promise<Pipes> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-pipes-'));
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  const open: number[] = [];
  const hold = (path: string, flags: number) => {
    const fd = openSync(path, flags);
    open.push(fd);
    return fd;
  };
  try {
    await makeFifos([stdout, stderr]);
    writeFileSync(stdin, input, { mode: 0o600 });
    const readers = [hold(stdout, OURS), hold(stderr, OURS)] as const;
    const theirs = [
      hold(stdin, constants.O_RDONLY),
      hold(stdout, constants.O_WRONLY),
      hold(stderr, constants.O_WRONLY),
    ] as const;
    return new OpenPipes(theirs, readers);
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw systemError(error, `make pipes for a command in ${directory}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

class OpenPipes implements Pipes {
  readonly stdio: readonly [number, number, number];
  readonly stdout: Socket;
  readonly stderr: Socket;
  #theirs: readonly number[];

  constructor(theirs: readonly [number, number, number], [out, err]: readonly [number, number]) {
    this.stdio = theirs;
    this.#theirs = theirs;
    this.stdout = new Socket({ fd: out, readable: true, writable: false });
    this.stderr = new Socket({ fd: err, readable: true, writable: false });
  }

  started(): void {
    for (const fd of this.#theirs) closeSync(fd);
    this.#theirs = [];
  }

  [Symbol.dispose](): void {
    this.started();
    this.stdout.destroy();
    this.stderr.destroy();
  }
}
