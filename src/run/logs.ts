/** What steps print, in files of the home: one for each step of an attempt. */

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { readGrowing, systemError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { LogEnd } from './log-end.ts';

/** Bytes of one step that are kept: from there on the disk of the home would be the task's. */
export const MOST_LOG_BYTES = 64 * 1024 * 1024;

/** Milliseconds between two looks at a file that grows. */
const FOLLOW_MS = 150;

const PRIVATE = { directory: 0o700, file: 0o600 };

export class Logs {
  readonly #directory: string;

  /** @param directory of all runs */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** For one attempt of a task. Its steps are numbered from 0. */
  writer(run: string, task: string, attempt: number, step: number): LogWriter {
    const directory = join(this.#directory, run, task);
    const path = join(directory, nameOf(attempt, step));
    try {
      mkdirSync(directory, { recursive: true, mode: PRIVATE.directory });
      return new LogWriter(openSync(path, 'a', PRIVATE.file));
    } catch (error) {
      throw systemError(error, `open the log ${path}`);
    }
  }

  /** Numbers of steps that have printed something in an attempt, ascending. */
  steps(run: string, task: string, attempt: number): number[] {
    const directory = join(this.#directory, run, task);
    if (!existsSync(directory)) return [];
    const front = `${attempt}-`;
    return readdirSync(directory)
      .filter((name) => name.startsWith(front) && name.endsWith('.log'))
      .map((name) => Number(name.slice(front.length, -'.log'.length)))
      .sort((a, b) => a - b);
  }

  /** @param goesOn whether more may come: then it waits for that. */
  read(
    run: string,
    task: string,
    attempt: number,
    step: number,
    { goesOn = async () => false, signal }: Cancellable & { readonly goesOn?: () => Promise<boolean> } = {},
  ): AsyncGenerator<Uint8Array, void> {
    const path = join(this.#directory, run, task, nameOf(attempt, step));
    return readGrowing(path, { goesOn, every: FOLLOW_MS, signal });
  }

  /** The end of what a step has printed. @param most bytes */
  tail(run: string, task: string, attempt: number, step: number, most: number): LogTail {
    const path = join(this.#directory, run, task, nameOf(attempt, step));
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      const buffer = new Uint8Array(Math.min(size, most));
      const count = readSync(file, buffer, 0, buffer.length, size - buffer.length);
      return { bytes: buffer.subarray(0, count), isWhole: size <= most };
    } finally {
      closeSync(file);
    }
  }

  remove(run: string): void {
    rmSync(join(this.#directory, run), { recursive: true, force: true });
  }
}

export interface LogTail {
  readonly bytes: Uint8Array;
  /** There is nothing before it. */
  readonly isWhole: boolean;
}

export class LogWriter implements Disposable {
  readonly #file: number;
  #size: number;
  #end: LogEnd | undefined;

  constructor(file: number) {
    this.#file = file;
    this.#size = fstatSync(file).size;
  }

  /** Of what goes beyond the limit only the end is kept, which the log says. @throws disk_full, … */
  write(bytes: Uint8Array): void {
    const room = Math.max(MOST_LOG_BYTES - this.#size, 0);
    try {
      writeAll(this.#file, bytes.subarray(0, room));
      if (bytes.length > room && this.#end === undefined)
        writeAll(this.#file, Buffer.from('\n[more was printed than is kept]\n'));
    } catch (error) {
      throw systemError(error, 'write a log');
    }
    if (bytes.length > room) (this.#end ??= new LogEnd()).add(bytes.subarray(room));
    this.#size += bytes.length;
  }

  line(text: string): void {
    this.write(Buffer.from(`${text}\n`));
  }

  [Symbol.dispose](): void {
    try {
      if (this.#end !== undefined) writeAll(this.#file, this.#end.bytes);
    } catch {
      // On a full disk: the task has ended, and its error is told by others.
    } finally {
      closeSync(this.#file);
    }
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

function nameOf(attempt: number, step: number): string {
  return `${attempt}-${step}.log`;
}
