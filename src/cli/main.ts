/** Where the process starts: the only place that knows the process. */

import { StrataError, systemClock } from '../base/index.ts';
import { reportFailure } from './failure.ts';
import { run } from './run.ts';
import { Terminal } from './terminal.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const interrupt = new AbortController();
const words = process.argv.slice(2);
const { stdout, stderr, env } = process;
const program = env['STRATA_PROGRAM'] === 'mctl' ? 'mctl' : 'strata';
// It is for us, not for what we start.
delete env['STRATA_PROGRAM'];

for (const name of SIGNALS) process.on(name, stop);
// Each write hears of its own failure; without this the first one would end the process with a stack trace.
stdout.on('error', () => {});
stderr.on('error', () => {});
process.on('uncaughtException', (error) => {
  const terminal = new Terminal(process, { json: words.includes('--json') });
  const verbose = words.includes('-v') || words.includes('--verbose');
  process.exit(reportFailure(error, terminal, { program, signal: interrupt.signal, verbose }));
});

// All is written by then, and nothing that was left open may keep the user waiting.
void run(words, {
  program,
  start: [process.execPath, ...process.execArgv, process.argv[1]!],
  get stdin() {
    return process.stdin;
  },
  stdout,
  stderr,
  env,
  get cwd() {
    return currentDirectory();
  },
  clock: systemClock,
  signal: interrupt.signal,
}).then((code) => process.exit(code));

/** Asked for when it is needed: help and `version` do without. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new StrataError('not_found', 'the current directory is gone', {
      hint: 'Change to a directory that exists, then run the command again.',
      cause: error,
    });
  }
}

/**
 * The first signal ends the operation. The second one finds no listener, and ends the process: `process.exit` would wait for a
 * call that hangs, such as a read from a network file system that is gone.
 */
function stop(name: NodeJS.Signals): void {
  for (const each of SIGNALS) process.off(each, stop);
  interrupt.abort(new Error(`received ${name}`));
  if (stderr.isTTY) stderr.write('\r\x1b[Kstopping; again to stop at once\n');
}
