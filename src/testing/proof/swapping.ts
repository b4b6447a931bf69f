/** A process that puts links in the place of directories, and the directories back, as fast as it can. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { compile } from './native.ts';

/** Milliseconds until it has begun. */
const PATIENCE = 10_000;

export interface Swapping extends AsyncDisposable {
  /** How many swaps there were so far. */
  count(): number;
}

/**
 * @param counter a file that it is told in
 * @param pairs names that are exchanged
 * @param pause between two exchanges, in nanoseconds
 */
export async function startSwapping(
  counter: string,
  pairs: readonly (readonly [string, string])[],
  pause: number,
): Promise<Swapping> {
  writeFileSync(counter, new Uint8Array(8));
  const child = spawn(compile('swap'), [counter, String(pause), ...pairs.flat()], { stdio: 'ignore' });
  const count = () => Number(readFileSync(counter).readBigUInt64LE());
  for (const start = Date.now(); count() === 0; await sleep(1))
    if (Date.now() - start > PATIENCE || child.exitCode !== null) throw new Error('nothing is swapped');
  return {
    count,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
