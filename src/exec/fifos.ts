/** FIFOs, which Node cannot make. A process makes them, and one at a time: commands that start together share it. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Of one process: its command line stays far below what the system takes. */
const MOST = 200;

interface Wish {
  readonly paths: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

let waiting: Wish[] = [];
let isAtWork = false;

/** @param paths in directories of ours. @throws the system's error */
export function makeFifos(paths: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    waiting.push({ paths, resolve, reject });
    if (!isAtWork) void work();
  });
}

async function work(): Promise<void> {
  isAtWork = true;
  while (waiting.length > 0) {
    const wishes = waiting.slice(0, MOST);
    waiting = waiting.slice(MOST);
    try {
      await promisify(execFile)('mkfifo', ['-m', '600', ...wishes.flatMap(({ paths }) => paths)]);
      for (const { resolve } of wishes) resolve();
    } catch (error) {
      for (const { reject } of wishes) reject(error);
    }
  }
  isAtWork = false;
}
