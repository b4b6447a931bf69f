/**
 * Who holds something: a process, named so that others can tell whether it still runs. A process id alone says too little: ids are
 * given again, and mean something only within one boot of one machine, and there within one container.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

import { toHex, utf8 } from './bytes.ts';
import type { Branded } from './bytes.ts';
import { errno } from './error.ts';
import { sha256 } from './hash.ts';

/** `pid-started-machine-boot-container`; the first two are digits, the others 8 hex digits. */
export type Holder = Branded<string, 'holder'>;

/** How a holder is written; for names that have one in them. */
export const HOLDER_PATTERN = String.raw`\d{1,10}-\d{1,20}(?:-[0-9a-f]{8}){3}`;

/** Of the line in /proc/PID/stat after the command's name, which may hold blanks: proc(5), field 22 of all. */
const START_TIME_FIELD = 19;
const PLACE_BYTES = 4;

let own: Holder | undefined;

export function thisProcess(): Holder {
  return (own ??= [process.pid, startTime(process.pid), ...places()].join('-') as Holder);
}

/** @returns `unknown` if it is of another machine, or of another container, whose processes cannot be seen from here */
export function fateOf(holder: string): 'lives' | 'dead' | 'unknown' {
  const [pid, started, ...theirs] = holder.split('-');
  const [machine, boot, container] = places();
  if (theirs[0] !== machine) return 'unknown';
  // Nothing lives through a boot.
  if (theirs[1] !== boot) return 'dead';
  if (theirs[2] !== container) return 'unknown';
  return startTime(Number(pid)) === started ? 'lives' : 'dead';
}

/** @returns clock ticks since the boot; undefined if there is no such process */
function startTime(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD];
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function places(): readonly [machine: string, boot: string, container: string] {
  return [
    short(machineName()),
    short(readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
    short(readlinkSync('/proc/self/ns/pid')),
  ];
}

/** Images of containers have no machine id, or all of them the same; with the host's name it is told which one. */
function machineName(): string {
  try {
    return readFileSync('/etc/machine-id', 'latin1') + hostname();
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return hostname();
  }
}

function short(text: string): string {
  return toHex(sha256(utf8(text)).subarray(0, PLACE_BYTES));
}
