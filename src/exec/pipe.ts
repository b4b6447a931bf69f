/**
 * A pipe without a name, which Node cannot make. A FIFO would not do for stdin: once its writer is gone, whoever opens /dev/stdin waits for another
 * one for ever. A shell makes the pipe, and is gone when we have opened both of its ends.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

export interface Pipe {
  /** Descriptors. Programs expect to wait in a `read`; we do not wait in a `write`. */
  readonly read: number;
  readonly write: number;
}

const CONTROL_FD = 3;
const PIPE_FD = 4;
/** Says which process it is, and holds the pipe until we let go. `read` from elsewhere takes stdin away meanwhile, so it has another number. */
const HOLD = `: | { exec ${PIPE_FD}<&0; read -r pid _ </proc/self/stat; echo "$pid"; read -r _ <&${CONTROL_FD}; }`;

/** @throws the system's error */
export async function openPipe(): Promise<Pipe> {
  const holder = spawn('/bin/sh', ['-c', HOLD], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  await once(holder, 'spawn');
  const gone = once(holder, 'exit');
  const open: number[] = [];
  const hold = (path: string, flags: number) => {
    const fd = openSync(path, flags);
    open.push(fd);
    return fd;
  };
  try {
    const path = `/proc/${await firstLine(holder.stdio[1] as Readable)}/fd/${PIPE_FD}`;
    return {
      read: hold(path, constants.O_RDONLY),
      write: hold(path, constants.O_WRONLY | constants.O_NONBLOCK),
    };
  } catch (error) {
    for (const fd of open) closeSync(fd);
    throw error;
  } finally {
    (holder.stdio[CONTROL_FD] as Writable).destroy();
    // As long as it is there, it is a reader that reads nothing.
    await gone;
  }
}

async function firstLine(source: Readable): Promise<string> {
  let text = '';
  for await (const part of source) {
    text += String(part);
    if (text.includes('\n')) break;
  }
  return text.trim();
}
