/** Looks at processes through /proc. A process id is given again one day, so one is told by its start as well. */

import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { StrataError } from '../base/index.ts';

export interface ProcessState {
  readonly pid: number;
  /** A letter, as in proc(5). */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since the boot. */
  readonly started: string;
}

/** Of the line in /proc/PID/stat after the command's name, which may hold blanks: proc(5), fields 3 and on. */
const STATE = 0;
const PARENT = 1;
const GROUP = 2;
const SESSION = 3;
const STARTED = 19;
const MEMORY = 20;
const ENVIRONMENT_START = 47;
const ENVIRONMENT_END = 48;

/** How long a process may take to die of SIGKILL; a large one gives back its memory first. */
export const KILLED_MS = 30_000;
const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 50;

/** @returns undefined if there is none, or a dead one that its parent has not looked at yet */
export function processState(pid: number): ProcessState | undefined {
  const fields = fieldsOf(pid);
  const state = fields[STATE] ?? '';
  if (state === '' || state === 'Z' || state === 'X') return undefined;
  const number = (at: number) => Number(fields[at]);
  const started = fields[STARTED] ?? '';
  return { pid, state, parent: number(PARENT), group: number(GROUP), session: number(SESSION), started };
}

export function* allProcesses(): Generator<ProcessState> {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const state = processState(Number(name));
    if (state !== undefined && state.pid !== process.pid) yield state;
  }
}

/** Empty for processes that are gone, or none of ours to look at. */
export function wordsOf(pid: number): readonly string[] {
  return readQuietly(`/proc/${pid}/cmdline`).split('\0');
}

/** The environment that it was started with, as `NAME=value`. Undefined while it becomes another program: for that moment there is none to see. */
export function environmentOf(pid: number): readonly string[] | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return [];
  }
  if (text !== '') return text.split('\0');
  // The kernel's own have no memory; who was started with nothing knows where that nothing is.
  const fields = fieldsOf(pid);
  const number = (at: number) => Number(fields[at]);
  const end = number(ENVIRONMENT_END);
  return number(MEMORY) > 0 && (end === 0 || end > number(ENVIRONMENT_START)) ? undefined : [];
}

function fieldsOf(pid: number): readonly string[] {
  const line = readQuietly(`/proc/${pid}/stat`);
  return line.slice(line.lastIndexOf(')') + 2).split(' ');
}

/** Also to a group, by its negative id. That it is gone, or not ours to kill, is no error: whoever waits will see. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

/** @throws unavailable if one that was killed stays: it hangs in the kernel, on a dead network disk for example */
export async function untilGone(states: readonly ProcessState[]): Promise<void> {
  for (const { pid, started } of states) {
    if (!(await until(() => processState(pid)?.started !== started, KILLED_MS))) throw undying([pid]);
  }
}

export function undying(pids: readonly number[]): StrataError {
  return new StrataError('unavailable', `killed processes do not end: ${pids.slice(0, 10).join(' ')}`, {
    hint: 'Look at them with `ps -o pid,stat,wchan,args`; state D is a process that waits for a disk.',
    details: { pids: pids.slice(0, 10) },
  });
}

/** Looks again and again, the less often the longer it takes. @param most milliseconds @returns whether it came true */
export async function until(holds: () => boolean, most = Infinity): Promise<boolean> {
  const end = performance.now() + most;
  for (let wait = FIRST_WAIT_MS; !holds(); wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    if (performance.now() > end) return false;
    await setTimeout(wait);
  }
  return true;
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
