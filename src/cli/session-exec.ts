/** `sessions exec`: a command in a session, as if it ran here. */

import { StrataError, isStrataError } from '../base/index.ts';
import type { ExecOptions } from '../engine/index.ts';
import type { ExecResult, QuotaExceeded } from '../session/index.ts';
import { formatBytes, printable } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { passedInput } from './passed-input.ts';

export interface ExecFlags {
  readonly env?: Readonly<Record<string, string>>;
  readonly workdir?: string;
  readonly sandbox?: 'auto' | 'require' | 'off';
  readonly image?: string;
  readonly checkpoint?: boolean;
}

/** Of a failure of ours: programs that run others say it so. */
export const EXEC_FAILED = 125;
/** What a shell makes of SIGPIPE. */
const NOBODY_READS = 141;

export const EXEC_SHAPE =
  '{task, exitCode, signal, seconds, snapshot}, and quota:{usedBytes, limitBytes, biggest:[{path, bytes}], stopped} when the\n' +
  'quota was used up. What the command prints goes to stderr then, of both streams. signal: as in "SIGKILL"; snapshot: the\n' +
  'checkpoint behind it; null if there is none. stopped: the command was ended for it, else it was refused space.';

export async function execInSession(
  invocation: Invocation,
  session: string,
  words: readonly string[],
  flags: ExecFlags,
): Promise<void> {
  const { terminal, world } = invocation;
  const command = commandOf(invocation.words, words);
  const closed = new AbortController();
  const signal = AbortSignal.any([world.signal, closed.signal]);
  const onOutput: ExecOptions['onOutput'] = async (bytes, stream) => {
    if (!(await terminal.write(bytes, terminal.json ? 'stderr' : stream))) closed.abort();
  };
  await withEngine(invocation, async ({ sessions }) => {
    using input = passedInput(world.stdin, signal);
    const { env: environment, workdir: workingDir, ...same } = flags;
    const options = { ...same, environment, workingDir, onOutput, stdin: input.parts, signal };
    try {
      const result = await sessions.exec(session, command, options);
      invocation.exitCode = result.exitCode;
      if (result.quota !== undefined) tellQuota(invocation, session, result.quota);
      if (result.checkpointFailure !== undefined)
        terminal.note(`no checkpoint was made: ${printable(result.checkpointFailure)}`);
      await terminal.result(execJson(result), []);
    } catch (error) {
      if (!closed.signal.aborted || world.signal.aborted || !isCancellation(error)) throw error;
      invocation.exitCode = NOBODY_READS;
    }
  });
}

/**
 * Flags of a command look like ours: `--` has to tell them apart.
 *
 * @param all the whole line @param words the command, as the line was taken
 * @throws bad_input
 */
export function commandOf(all: readonly string[], words: readonly string[]): [string, ...string[]] {
  const at = all.indexOf('--');
  const [first, ...rest] = words;
  if (at !== -1 && first !== undefined && all.length - at - 1 === words.length) return [first, ...rest];
  throw new StrataError('bad_input', 'nothing says where the command begins', {
    hint: 'Put -- between the session and the command: sessions exec dev -- ls -la',
  });
}

function isCancellation(error: unknown): boolean {
  return isStrataError(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');
}

export function execJson({ task, exitCode, signal, seconds, snapshot, quota }: ExecResult): object {
  return {
    task,
    exitCode,
    signal: signal ?? null,
    seconds,
    snapshot: snapshot ?? null,
    ...(quota !== undefined && { quota }),
  };
}

/** Seen whatever the flags: else nobody would know what the command died of. */
function tellQuota({ terminal, world }: Invocation, session: string, quota: QuotaExceeded): void {
  terminal.note(quotaLines(session, quota, world.program).join('\n'));
}

export function quotaLines(
  session: string,
  { usedBytes, limitBytes, biggest, stopped }: QuotaExceeded,
  program: string,
): string[] {
  const sizes = biggest.map(({ bytes }) => formatBytes(bytes));
  const width = Math.max(0, ...sizes.map(({ length }) => length));
  return [
    `the quota of session ${session} is used up: ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}`,
    stopped ? '  The command was ended for it.' : '  The command was refused space.',
    ...biggest.map(
      ({ path }, at) => `  ${sizes[at]!.padStart(width)}  ${printable(path).replaceAll('\n', ' ')}`,
    ),
    `  Delete what is not needed: ${program} sessions exec ${session} -- rm PATH`,
    `  or go on with more room: ${program} sessions fork ${session} --workspace-quota MB`,
  ];
}
