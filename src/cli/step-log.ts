/** What `-v` shows: a line for each step, with the time since the command began to work. */

import type { Clock, Log } from '../base/index.ts';
import { printable } from './format.ts';
import type { Terminal } from './terminal.ts';

/** A line of progress may stand there. */
const CLEAR_LINE = '\r\x1b[K';

export function stepLog({ stderr }: Pick<Terminal, 'stderr'>, clock: Clock): Log {
  const started = clock();
  return (step) => {
    const seconds = ((clock() - started) / 1000).toFixed(3).padStart(8);
    stderr.write(
      `${stderr.isTTY === true ? CLEAR_LINE : ''}${seconds} s  ${printable(step).replaceAll('\n', ' ')}\n`,
    );
  };
}
