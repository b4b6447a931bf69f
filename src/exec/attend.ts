/** Stands by a command from its start until nothing of it is left: brings its output, and kills it when that is asked for. */

import { throwIfAborted } from '../base/index.ts';
import type { RunOptions } from './executor.ts';
import type { Output } from './output.ts';

/** A command that was started, however. */
export interface Running {
  /** Exit code of the command itself, whatever it has left behind. Rejects with what kept it from being started. */
  readonly exited: Promise<number>;
  /** SIGTERM to the command's process group. */
  terminate(): void;
  /** SIGKILL to the command. */
  kill(): void;
  /** Kills what is left of it, wherever it went, and returns when nothing is. */
  clear(): Promise<void>;
}

const GRACE_MS = 5000;

/** @throws cancelled, what `exited` rejects with, and what the taker of its output throws */
export async function attend(running: Running, output: Output, options: RunOptions): Promise<number> {
  const { signal, grace = GRACE_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    running.terminate();
    timer = setTimeout(() => running.kill(), grace);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  // Whoever cannot take the output wants nothing of the command.
  output.done.catch(() => running.kill());
  try {
    const [ending] = await Promise.allSettled([running.exited]);
    await running.clear();
    await output.finish();
    throwIfAborted(signal);
    if (ending.status === 'rejected') throw ending.reason;
    return ending.value;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}
