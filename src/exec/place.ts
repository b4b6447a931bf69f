/** What the places of all executors have in common: one command at a time, and nothing left at the end. */

import { StrataError, throwIfAborted } from '../base/index.ts';
import type { Command, Ended, Place, RunOptions } from './executor.ts';
import { removePlace } from './place-directory.ts';

export interface PlaceParts {
  readonly directory: string;
  readonly home: string;
  run(command: Command, options: RunOptions): Promise<Ended>;
  /** Ends what waits for commands. The directory is removed afterwards. */
  close(): Promise<void>;
}

export function openPlace(parts: PlaceParts): Place {
  const { directory, home } = parts;
  const leaving = new AbortController();
  let running: Promise<unknown> | undefined;
  let closed: Promise<void> | undefined;

  const close = async () => {
    leaving.abort();
    await running?.catch(() => undefined);
    await parts.close();
    await removePlace(directory);
  };

  return {
    directory,
    home,
    async run(command, options) {
      if (running !== undefined || closed !== undefined) {
        const state = closed === undefined ? 'already runs a command' : 'was taken away';
        throw new StrataError('internal', `the place ${directory} ${state}`, { details: { directory } });
      }
      throwIfAborted(options.signal);
      const signal = AbortSignal.any([leaving.signal, ...(options.signal ? [options.signal] : [])]);
      const ended = parts.run(command, { ...options, signal });
      running = ended;
      try {
        return await ended;
      } finally {
        running = undefined;
      }
    },
    async [Symbol.asyncDispose]() {
      await (closed ??= close());
    },
  };
}
