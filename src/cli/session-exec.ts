/** `sessions exec`: a command in a session, as if it ran here. */

import { StrataError, isStrataError } from '../base/index.ts';
import type { ExecOptions } from '../engine/index.ts';
import type { ExecResult, QuotaExceeded, SessionInfo } from '../session/index.ts';
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
/** What shells, and `bwrap`, end with where there is no such program. */
const NO_SUCH_PROGRAM = 127;
/** What a shell makes of SIGPIPE. */
const NOBODY_READS = 141;
/** Characters: room for the name of a program, and why there is none. */
const LONGEST_COMPLAINT = 4096 + 80;

export const EXEC_SHAPE =
  '{task, exitCode, signal, seconds, snapshot}, and quota:{usedBytes, limitBytes, biggest:[{path, bytes}], stopped} when the\n' +
  'quota was used up. What the command prints goes to stderr then, of both streams. signal: as in "SIGKILL"; snapshot: the\n' +
  'checkpoint behind it; null if there is none. stopped: the command was ended for it.';

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
  let complaint = '';
  const onOutput: ExecOptions['onOutput'] = async (bytes, stream) => {
    if (stream === 'stderr')
      complaint = (complaint + Buffer.from(bytes).toString()).slice(-LONGEST_COMPLAINT);
    if (!(await terminal.write(bytes, terminal.json ? 'stderr' : stream))) closed.abort();
  };
  await withEngine(invocation, async ({ sessions }) => {
    using input = passedInput(world.stdin, signal);
    const { env: environment, workdir: workingDir, ...same } = flags;
    const options = { ...same, environment, workingDir, onOutput, stdin: input.parts, signal };
    try {
      const result = await sessions.exec(session, command, options);
      invocation.exitCode = result.exitCode;
      if (result.exitCode === NO_SUCH_PROGRAM && complaint.startsWith(`bwrap: execvp ${command[0]}: `))
        terminal.note(`there is no such program: ${printable(command[0])}`);
      if (result.quota !== undefined) {
        const { quotaMeans } = await sessions.get(session);
        // Seen whatever the flags: else nobody would know what the command died of.
        terminal.note(quotaLines(session, result.quota, quotaMeans, world.program).join('\n'));
      }
      if (result.checkpointFailure !== undefined)
        terminal.note(`no checkpoint was made: ${printable(result.checkpointFailure)}`);
      await terminal.result(execJson(result), []);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      if (world.signal.aborted) throw ended(error);
      if (!closed.signal.aborted) throw error;
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

/** Of other commands Ctrl-C leaves nothing half done; of this one we know nothing. */
function ended(cause: unknown): StrataError {
  return new StrataError('cancelled', 'cancelled', {
    hint: 'The command was ended. What it had done by then stays in the session.',
    cause,
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

export function quotaLines(
  session: string,
  quota: QuotaExceeded,
  means: SessionInfo['quotaMeans'],
  program: string,
): string[] {
  const { usedBytes, limitBytes, biggest } = quota;
  const sizes = biggest.map(({ bytes }) => formatBytes(bytes));
  const width = Math.max(0, ...sizes.map(({ length }) => length));
  return [
    `the quota of session ${session} is used up: ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}`,
    `  ${consequence(quota, means)}`,
    ...biggest.map(
      ({ path }, at) => `  ${sizes[at]!.padStart(width)}  ${printable(path).replaceAll('\n', ' ')}`,
    ),
    `  Delete what is not needed: ${program} sessions exec ${session} -- rm PATH`,
    // A fork has the files of the last checkpoint.
    `  or go on with more room: ${program} sessions checkpoint ${session} && ${program} sessions fork ${session} --workspace-quota MB`,
  ];
}

/** A watch refuses nobody space, and does not end who adds nothing. */
function consequence({ stopped, usedBytes, limitBytes }: QuotaExceeded, means: string | undefined): string {
  if (stopped) return 'The command was ended for it.';
  if (means !== 'watch') return 'The command was refused space.';
  return `The session is ${usedBytes > limitBytes ? 'over' : 'at'} its quota: commands that add to it are ended.`;
}
