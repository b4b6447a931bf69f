/** `runs`: its verbs, their flags and their help. */

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { append, assignment, nonEmpty, wholeNumber } from './argument.ts';
import { addExamples, addJsonHelp, addNote } from './help.ts';
import type { Invocation } from './invocation.ts';
import { approveTask, cancelRun, removeRun } from './run-control.ts';
import { getRun, listRuns } from './run-get.ts';
import type { GetFlags, ListFlags } from './run-get.ts';
import { showLogs } from './run-logs.ts';
import type { LogFlags } from './run-logs.ts';
import { planRun } from './run-plan.ts';
import { restartRun } from './run-restart.ts';
import type { RestartFlags } from './run-restart.ts';
import { RUN_SHAPE } from './run-shapes.ts';
import { resumeRun, startRun } from './run-start.ts';
import type { StartFlags } from './run-start.ts';

const RUN = 'its id, as in run-0123456789ab';

export function registerRuns(noun: Command, invocation: Invocation): void {
  registerStart(noun, invocation);
  registerAgain(noun, invocation);
  registerShow(noun, invocation);
  registerControl(noun, invocation);
  addExamples(noun, ['runs start ci.yml', 'runs list', 'runs restart run-0123456789ab']);
}

function withStartFlags(command: Command): Command {
  return command
    .option('--run <name>', 'which of the runs in FILE (default: the only one)', nonEmpty)
    .option('--var <name=value>', 'a variable of the run; repeatable', assignment)
    .option(
      '--source <source>',
      'what `clone` takes: DIR or URL, with #REF; its commit is found at the start (default: the git work tree of FILE)',
      nonEmpty,
    )
    .option(
      '--branch <name>',
      'the branch that conditions see, whatever is cloned (default: what git says, unless --tag is given)',
      nonEmpty,
    )
    .option(
      '--tag <name>',
      'the tag that conditions see, and what is cloned without #REF (default: what git says, unless --branch is given)',
      nonEmpty,
    );
}

function registerStart(noun: Command, invocation: Invocation): void {
  const start = withStartFlags(
    noun
      .command('start')
      .description('run the tasks of a file; the command lasts as long as the run')
      .argument('<file>', 'the run file, YAML or JSON', nonEmpty),
  )
    .option('--sandbox <mode>', 'bubblewrap for tasks of the host: auto, require or off', sandbox)
    .option(
      '--bind <path>',
      'what sandboxed tasks may write to beside their own directory; repeatable',
      append,
    )
    .action((file: string, flags: StartFlags) => startRun(invocation, file, flags));
  addExamples(start, [
    'runs start ci.yml',
    'runs start ci.yml --run nightly --var version=1.4.0',
    'runs start ci.yml --source https://example.com/web.git#v2 --json',
  ]);
  addJsonHelp(start, RUN_SHAPE);
  addExitHelp(start);

  const plan = withStartFlags(
    noun
      .command('plan')
      .description('what a run would do: levels, executors, and what each restore will see. Starts nothing')
      .argument('<file>', 'the run file, YAML or JSON', nonEmpty),
  ).action((file: string, flags: StartFlags) => planRun(invocation, file, flags));
  addExamples(plan, ['runs plan ci.yml', 'runs plan ci.yml --branch main --json']);
  addJsonHelp(
    plan,
    '{name, missing:[{variable, task}], warnings, tasks:[{name, level, depends, leftOut, approval, executors, steps:[{name, kind, sees, onConflict}]}]}.\n' +
      'missing: variables that it wants and that were not given; leftOut: its `when` is not met; sees: the tasks whose layers a restore puts together, in that order.',
  );
}

function registerAgain(noun: Command, invocation: Invocation): void {
  const restart = noun
    .command('restart')
    .description('a new run with what succeeded in this one; its layers are reused, the rest runs again')
    .argument('<run>', RUN, nonEmpty)
    .option('--from-failed', 'what did not succeed runs again, and all that depends on it (the default)')
    .option('--from-start', 'everything runs again')
    .option(
      '--tasks <names>',
      'these run again, and all that depends on them; names with commas between',
      list,
    )
    .option('--var <name=value>', 'another value for a variable, or a new one; repeatable', assignment)
    .option('--mend', 'tasks whose layers are gone run again too')
    .option('--early-cutoff', 'where a task saves the same as before, what succeeded behind it is reused')
    .option('--dry-run', 'start nothing; tell what would run again, and why')
    .action((run: string, flags: RestartFlags) => restartRun(invocation, run, flags));
  addExamples(restart, [
    'runs restart run-0123456789ab',
    'runs restart run-0123456789ab --tasks build,lint --dry-run',
    'runs restart run-0123456789ab --from-start --var version=1.4.1',
  ]);
  addJsonHelp(
    restart,
    'the new run, as of start. With --dry-run {run, tasks:[{name, action, reason}], problems}. action: "rerun" or\n"reuse".',
  );
  addExitHelp(restart, ' 0 also with --dry-run.');

  const resume = noun
    .command('resume')
    .description('go on with a run whose process is gone; tasks that were running begin anew')
    .argument('<run>', RUN, nonEmpty)
    .option('--fail-interrupted', 'tasks that were running have failed')
    .action((run: string, flags: { failInterrupted?: boolean }) => resumeRun(invocation, run, flags));
  addExamples(resume, ['runs resume run-0123456789ab']);
  addJsonHelp(resume, 'the run, as of start');
  addExitHelp(resume);
}

function registerShow(noun: Command, invocation: Invocation): void {
  const all = noun
    .command('list')
    .description('all runs, the newest first')
    .option('--limit <count>', 'only so many of them, 1 at least', atLeastOne)
    .action((flags: ListFlags) => listRuns(invocation, flags));
  addExamples(all, ['runs list', 'runs list --limit 10 --json']);
  addJsonHelp(
    all,
    '{runs:[{id, name, phase, result, restartedFrom, created, started, ended, expires, orphaned, tasks:{STATUS: count}}]}',
  );

  const get = noun
    .command('get')
    .description('one run with its tasks')
    .argument('[run]', `${RUN} (default: the newest)`, nonEmpty)
    .option('--watch', 'until it has ended')
    .option('--names', 'only the names of its tasks, one a line')
    .action((run: string | undefined, flags: GetFlags) => getRun(invocation, run, flags));
  addExamples(get, ['runs get', 'runs get run-0123456789ab --watch', 'runs get run-0123456789ab --json']);
  addJsonHelp(get, `${RUN_SHAPE}\nWith --names {id, names}.`);
  get.addHelpText('after', '\nThe exit code is 0 whatever became of the run.');

  const logs = noun
    .command('logs')
    .description('what tasks have printed')
    .argument('[run]', `${RUN} (default: the newest)`, nonEmpty)
    .argument('[task]', 'only of this one', nonEmpty)
    .option('-f, --follow', 'wait for more as long as the task runs')
    .action((run: string | undefined, task: string | undefined, flags: LogFlags) =>
      showLogs(invocation, run, task, flags),
    );
  addExamples(logs, ['runs logs', 'runs logs run-0123456789ab', 'runs logs run-0123456789ab build -f']);
  addJsonHelp(logs, '{parts:[{task, step, text}]}, a part a line');
}

function registerControl(noun: Command, invocation: Invocation): void {
  const cancel = noun
    .command('cancel')
    .description('end a run: what runs is stopped, nothing else starts')
    .argument('<run>', RUN, nonEmpty)
    .action((run: string) => cancelRun(invocation, run));
  addExamples(cancel, ['runs cancel run-0123456789ab']);
  addJsonHelp(cancel, '{run}');

  const approve = noun
    .command('approve')
    .description('say yes to a task that waits for it')
    .argument('<run>', RUN, nonEmpty)
    .argument('<task>', 'its name', nonEmpty)
    .action((run: string, task: string) => approveTask(invocation, run, task));
  addExamples(approve, ['runs approve run-0123456789ab deploy']);
  addJsonHelp(approve, '{run, task}');

  const remove = noun
    .command('rm')
    .description(
      'remove a run that has ended, with its logs; `store gc` then frees the layers that only it needed',
    )
    .argument('<run>', RUN, nonEmpty)
    .action((run: string) => removeRun(invocation, run));
  addExamples(remove, ['runs rm run-0123456789ab']);
  addJsonHelp(remove, '{run}');
}

/** Of a command that lasts as long as a run. */
function addExitHelp(command: Command, more = ''): void {
  addNote(
    command,
    `Exit codes: 0 the run succeeded, 1 it failed, 9 it was stopped; the others are those of all commands.${more}`,
  );
}

function atLeastOne(text: string): number {
  const count = wholeNumber(text);
  if (count < 1) throw new InvalidArgumentError('The least is 1.');
  return count;
}

function list(text: string): readonly string[] {
  return text.split(',').map((name) => nonEmpty(name));
}

function sandbox(text: string): string {
  if (['auto', 'require', 'off'].includes(text)) return text;
  throw new InvalidArgumentError('Give auto, require or off.');
}
