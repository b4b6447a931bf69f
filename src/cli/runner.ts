/** `runner` */

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { StrataError } from '../base/index.ts';
import { lengthOfTime, nonEmpty } from './argument.ts';
import { formatDate, printable } from './format.ts';
import { addExamples, addJsonHelp, addNote } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { lengthText } from './session-shapes.ts';
import { isoTime } from './shapes.ts';

interface RunnerFlags {
  readonly name?: string;
  readonly region?: string;
  readonly baseDir?: string;
  readonly lease?: number;
  readonly once?: boolean;
}

export function registerRunner(noun: Command, invocation: Invocation): void {
  noun
    .option(
      '--name <name>',
      'what it is called; each runner has a name of its own (with --once, default: the home)',
      nonEmpty,
    )
    .option('--region <region>', 'where it is (default: default)', nonEmpty)
    .option(
      '--base-dir <dir>',
      'where its sessions have their files (default: that of strata.yaml)',
      nonEmpty,
    )
    .option('--lease <time>', 'how long its sessions are its own when nothing is heard of it', lease)
    .option('--once', 'do what is due, and end')
    .action((flags: RunnerFlags) => serve(invocation, flags));
  addExamples(noun, [
    'runner --name shelf --base-dir /var/strata/workspaces',
    'runner --name eu-1 --region eu-west-1 --lease 1m --json',
    'runner --name shelf --once',
    'runner --once',
  ]);
  addNote(
    noun,
    'It works for the sessions that it has until SIGTERM or Ctrl-C; then it suspends them, and ends with 0. A second signal\n' +
      'ends it at once. What it does is told on stderr.',
  );
  addJsonHelp(
    noun,
    '{ready: true, name, region, baseDir, lease} on stdout when it is there; on stderr {at, activity}, an object a line. lease: as\n' +
      'in 30s; null for the home itself.',
  );
}

async function serve(invocation: Invocation, flags: RunnerFlags): Promise<void> {
  const { terminal, world } = invocation;
  const { stderr, json, quiet } = terminal;
  const name = flags.name ?? (await nameOfHome(invocation, flags));
  let told: Promise<void> | undefined;
  await withEngine(invocation, async (engine) => {
    await engine.runRunner({
      ...flags,
      name,
      signal: world.signal,
      onReady: ({ name: called, region, baseDir, lease: length }) => {
        const ready = { ready: true, name: called, region, baseDir };
        told = terminal.result(
          { ...ready, lease: length === undefined ? null : lengthText(length) },
          [`runner ${called} is ready: region ${region}, sessions in ${printable(baseDir)}`],
          [called],
        );
        // Whether it could be written is asked at the end; nobody listens before.
        told.catch(() => undefined);
      },
      onActivity: (activity) => {
        const now = world.clock();
        if (json) stderr.write(`${JSON.stringify({ at: isoTime(now), activity })}\n`);
        else if (!quiet) stderr.write(`${formatDate(now)}  ${printable(activity).replaceAll('\n', ' ')}\n`);
      },
    });
    await told;
  });
}

/** For one look at what is due; who stays says as whom. */
async function nameOfHome({ world, flags }: Invocation, { once = false }: RunnerFlags): Promise<string> {
  if (!once)
    throw new StrataError('bad_input', 'nothing says what the runner is called', {
      hint: 'Give it a name of its own, as in `--name shelf`; with --once it may be left out, and the home is meant.',
    });
  const { loadConfig } = await import('../engine/index.ts');
  const { home, config } = flags;
  const { runner } = await loadConfig({ home, config, env: world.env, cwd: world.cwd });
  return runner.name;
}

/** @returns milliseconds */
function lease(text: string): number {
  const milliseconds = lengthOfTime(text);
  if (milliseconds === 0) throw new InvalidArgumentError('A lease of no time would be over at once.');
  return milliseconds;
}
