/** Stands by a command from its start until nothing of it is left: brings its input and output, and kills it when that is asked for. */

import { throwIfAborted } from '../base/index.ts';
import { ended } from './ended.ts';
import type { Command, Ended, RunOptions } from './executor.ts';
import { Input } from './input.ts';
import { Output } from './output.ts';
import { openPipes } from './pipes.ts';
import type { Pipes } from './pipes.ts';
import { goOn, stop } from './standstill.ts';
import type { Stoppable } from './standstill.ts';

/** A command that was started, however. */
export interface Running {
  /** Of its processes and how they are found: it can be made to stand still. */
  readonly stoppable: Stoppable;
  /** Exit code of the command itself, whatever it has left behind. Rejects with what kept it from being started. */
  readonly exited: Promise<number>;
  /** SIGTERM to the command's process group. */
  terminate(): void;
  /** SIGKILL to the command. */
  kill(): void;
  /** Kills what is left of it, wherever it went, and returns when nothing is. */
  clear(): Promise<void>;
}

/**
 * Runs a command from its pipes to its end.
 *
 * @param input what it has as stdin
 * @param start may throw; then there is no command
 * @throws as `attend`
 */
export async function runAttended(
  input: Command['input'],
  options: RunOptions,
  start: (pipes: Pipes, output: Output) => Running,
): Promise<Ended> {
  using pipes = await openPipes(input);
  throwIfAborted(options.signal);
  const output = new Output(pipes.stdout, pipes.stderr, options.onOutput);
  const running = start(pipes, output);
  pipes.started();
  let isOver = false;
  const { stoppable } = running;
  options.onStart?.({
    // Process ids are given again.
    stop: async () => (isOver ? undefined : stop(stoppable)),
    goOn: () => (isOver ? undefined : goOn(stoppable)),
    kill: () => (isOver ? undefined : running.kill()),
  });
  const stream =
    typeof input === 'object' && pipes.stdin !== undefined ? new Input(pipes.stdin, input) : undefined;
  try {
    return ended(await attend(running, stream, output, options));
  } finally {
    isOver = true;
  }
}

const GRACE_MS = 5000;

/** @throws cancelled, what `exited` rejects with, and what the taker of its output and the stream of its input throw */
async function attend(
  running: Running,
  input: Input | undefined,
  output: Output,
  options: RunOptions,
): Promise<number> {
  const { signal, grace = GRACE_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    running.terminate();
    timer = setTimeout(() => running.kill(), grace);
  };
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  // Whoever cannot take the output wants nothing of the command; and half of an input is another one.
  output.done.catch(() => running.kill());
  input?.done.catch(() => running.kill());
  try {
    const [ending] = await Promise.allSettled([running.exited]);
    input?.end();
    await running.clear();
    await output.finish();
    throwIfAborted(signal);
    await input?.done;
    if (ending.status === 'rejected') throw ending.reason;
    return ending.value;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}
