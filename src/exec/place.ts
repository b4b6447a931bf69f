/** What the places of all executors have in common: one command at a time, and nothing left at the end. */

import { StrataError, throwIfAborted } from '../base/index.ts';
import type { Command, Ended, Place, RunOptions, ShownDirectory } from './executor.ts';
import { removePlace } from './place-directory.ts';

export interface PlaceParts {
  readonly directory: string;
  readonly home: string;
  readonly shown: readonly ShownDirectory[];
  /** What commands see one of those as. */
  pathOf(shown: ShownDirectory): string;
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
    shownAt(at) {
      const shown = parts.shown.find((each) => each.at === at);
      if (shown !== undefined) return parts.pathOf(shown);
      throw new StrataError('internal', `the place ${directory} shows nothing at ${at}`, {
        details: { directory, at },
      });
    },
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
