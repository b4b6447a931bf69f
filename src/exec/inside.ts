/** The processes of a container or sandbox, seen from this machine: those that have the process ids of its init. */

import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, readlinkSync } from 'node:fs';

import { StrataError } from '../base/index.ts';
import { allProcesses, processState, send } from './processes.ts';
import type { ProcessState } from './processes.ts';

const PASSWD_BYTES = 1024 * 1024;

/** All but the init itself, which only waits. */
export function processesInside(init: ProcessState): ProcessState[] {
  const space = processIds(init.pid);
  if (space === undefined || processState(init.pid)?.started !== init.started) return [];
  return [...allProcesses()].filter(({ pid }) => pid !== init.pid && processIds(pid) === space);
}

export function killInside(init: ProcessState): number {
  const found = processesInside(init);
  // Stopped first, they start nothing while the others are killed.
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const { pid } of found) send(pid, signal);
  return found.length;
}

/** SIGTERM to the group of the command: it is the one whose parent is outside. @returns whether it was there */
export function terminateInside(init: ProcessState): boolean {
  const found = processesInside(init);
  const pids = new Set([init.pid, ...found.map(({ pid }) => pid)]);
  const command = found.find(({ parent }) => !pids.has(parent));
  if (command === undefined) return false;
  send(command.group === command.pid ? -command.pid : command.pid, 'SIGTERM');
  return true;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** @param user a name or number, with a group or without; undefined: the container's own @throws not_found for a name that the image has not */
export function ownerFor(init: ProcessState, user: string | undefined): Owner {
  if (user === undefined) {
    const status = readFileSync(`/proc/${init.pid}/status`, 'utf8');
    const id = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return { uid: id('Uid'), gid: id('Gid') };
  }
  const [name = '', group = ''] = user.split(':');
  const line = passwd(init).find(
    (fields) => fields[0] === name || (/^\d+$/.test(name) && fields[2] === name),
  );
  const uid = Number(/^\d+$/.test(name) ? name : line?.[2]);
  if (!Number.isInteger(uid)) {
    throw new StrataError('not_found', `the image has no user ${name}`, {
      hint: 'Give a number, or a user that the image has.',
      details: { user },
    });
  }
  const gid = Number(/^\d+$/.test(group) ? group : (line?.[3] ?? 0));
  return { uid, gid: Number.isInteger(gid) ? gid : 0 };
}

/** The image may have anything in its place: a FIFO must not hang us, nor a device fill our memory. */
function passwd(init: ProcessState): string[][] {
  let fd: number;
  try {
    fd = openSync(`/proc/${init.pid}/root/etc/passwd`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return [];
  }
  try {
    if (!fstatSync(fd).isFile()) return [];
    const bytes = Buffer.alloc(PASSWD_BYTES);
    const text = bytes.toString('utf8', 0, readSync(fd, bytes));
    return text.split('\n').map((line) => line.split(':'));
  } finally {
    closeSync(fd);
  }
}

function processIds(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
