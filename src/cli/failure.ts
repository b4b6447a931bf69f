/** What went wrong, told to a person or to a program. */

import { CommanderError } from 'commander';

import { EXIT_CODES, StrataError, isStrataError, systemError } from '../base/index.ts';
import { formatDate, printable } from './format.ts';
import type { Terminal } from './terminal.ts';

/** Tells an error on stderr. @returns the exit code */
export function reportFailure(error: unknown, terminal: Terminal, options: FailureOptions): number {
  const failure = asFailure(error, options);
  const { code, message, details } = failure;
  const hint = failure.hint ?? (code === 'integrity' ? damageHint(options.program) : undefined);
  const { stderr } = terminal;
  if (options.verbose) stderr.write(`${trace(failure)}\n`);
  if (terminal.json) {
    stderr.write(`${JSON.stringify({ error: { code, message, hint: hint ?? null, details } })}\n`);
  } else {
    stderr.write(`${terminal.paint('red', 'error:', stderr)} ${printable(localTime(failure))}\n`);
    if (hint !== undefined) stderr.write(`hint: ${printable(hint)}\n`);
  }
  return EXIT_CODES[code];
}

/** Rooms below write when something expired in UTC: what day that is here they do not know. */
function localTime({ message, details: { expired } }: StrataError): string {
  if (typeof expired !== 'number') return message;
  return message.replace(new Date(expired).toISOString(), formatDate(expired));
}

function damageHint(program: string): string {
  return `\`${program} store verify --read-data\` lists all that is damaged, and what it hits.`;
}

export interface FailureOptions {
  readonly program: string;
  /** Noun and verb, as far as the line names them. */
  readonly command?: readonly string[];
  readonly verbose: boolean;
  readonly signal: AbortSignal;
}

/** Everything that can be thrown, as an error of ours. */
function asFailure(
  error: unknown,
  { program, command = [], signal }: Omit<FailureOptions, 'verbose'>,
): StrataError {
  if (error instanceof CommanderError) return usageFailure(error, program, command);
  if (signal.aborted && error instanceof Error && error.name === 'AbortError') {
    return new StrataError('cancelled', 'cancelled', { cause: error });
  }
  const known = systemError(error, 'go on');
  if (isStrataError(known)) return known;
  const reason = error instanceof Error ? error.message : String(error);
  return new StrataError('internal', `this should not have happened: ${reason}`, {
    hint: 'Run the command again with -v, and report what it prints.',
    cause: error,
  });
}

/** Its message is `error: …`, and a suggestion in brackets on a line of its own. */
function usageFailure({ message }: CommanderError, program: string, command: readonly string[]): StrataError {
  const [what = '', suggestion] = message.replace(/^error: /, '').split('\n');
  return new StrataError('bad_input', what, {
    hint: suggestion?.replace(/^\((.*)\)$/, '$1') ?? helpHint(program, command),
  });
}

function helpHint(program: string, command: readonly string[]): string {
  if (command.length === 0) return `\`${program} --help\` shows all commands; each has a --help of its own.`;
  return `\`${[program, ...command].join(' ')} --help\` shows what it takes, with examples.`;
}

/** The stack, and those of the causes. */
function trace(error: Error): string {
  const stack = error.stack ?? String(error);
  return error.cause instanceof Error ? `${stack}\ncaused by ${trace(error.cause)}` : stack;
}
