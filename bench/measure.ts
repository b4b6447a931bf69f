/** One command, measured from outside: wall, processor, memory of all its processes, and what it wrote. */

import { spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { endGroup, lastLines } from './shell.ts';

export interface Sample {
  /** Seconds, from before `/usr/bin/time` starts to after it ended: starting a program counts. */
  readonly wall: number;
  /** Seconds of all processes, of user and system. */
  readonly cpu: number;
  /** The largest sum over all processes at one time. Bytes. */
  readonly peakBytes: number;
  /** To file systems, by all processes. Bytes. */
  readonly writtenBytes: number;
}

/** Of memory. Often enough for a peak of some length; a look takes half a millisecond that the command could have had. Milliseconds. */
const INTERVAL = 100;
const PAGE = 4096;
/** `/usr/bin/time` counts what was written in these. Bytes. */
const SECTOR = 512;

export interface MeasureOptions {
  readonly env: NodeJS.ProcessEnv;
  /** A directory for what the command says and what `time` counts. */
  readonly notes: string;
  readonly signal: AbortSignal;
}

/** @throws with the last of what the command said, if it fails */
export async function measure(command: string, { env, notes, signal }: MeasureOptions): Promise<Sample> {
  signal.throwIfAborted();
  const counts = join(notes, 'time');
  const said = join(notes, 'said');
  const log = openSync(said, 'w');
  const words = ['-q', '-o', counts, '-f', '%U %S %M %O', 'sh', '-c', command];
  const started = performance.now();
  const child = spawn('/usr/bin/time', words, { env, detached: true, stdio: ['ignore', log, log] });
  const end = () => endGroup(child.pid);
  signal.addEventListener('abort', end);
  let peak = 0;
  const sampling = setInterval(() => {
    if (child.pid !== undefined) peak = Math.max(peak, residentBytes(child.pid));
  }, INTERVAL);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', resolve);
    });
    const wall = (performance.now() - started) / 1000;
    signal.throwIfAborted();
    if (status !== 0)
      throw new Error(`ended with ${status}: ${command}\n${lastLines(readFileSync(said, 'utf8'))}`);
    const [user = 0, system = 0, largest = 0, sectors = 0] = readFileSync(counts, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    // What `time` knows of is the largest single process, seen by the kernel: a short command may end between two samples.
    return {
      wall,
      cpu: user + system,
      peakBytes: Math.max(peak, largest * 1024),
      writtenBytes: sectors * SECTOR,
    };
  } finally {
    clearInterval(sampling);
    signal.removeEventListener('abort', end);
    closeSync(log);
  }
}

/** Of a process and all below it; `time` itself is below none of them, and small. */
function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
    return childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), pages * PAGE);
  } catch {
    // It ended while it was looked at.
    return 0;
  }
}

/** Children belong to the thread that started them. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
  );
}
