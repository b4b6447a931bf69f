/** `sessions`: its verbs, their flags and their help. */

import type { Command } from 'commander';

import { assignment, choice, lengthOfTime, nonEmpty } from './argument.ts';
import type { ListEntriesFlags } from './files.ts';
import { addExamples, addJsonHelp, addNote } from './help.ts';
import type { Invocation } from './invocation.ts';
import { checkpointSession, restoreSession } from './session-checkpoint.ts';
import { EXEC_FAILED, EXEC_SHAPE, execInSession } from './session-exec.ts';
import type { ExecFlags } from './session-exec.ts';
import { RETENTION, STATES, addSessionFlags, labels } from './session-flags.ts';
import type { CreateFlags } from './session-flags.ts';
import {
  createSession,
  forkSession,
  holdSession,
  resumeSession,
  suspendSession,
  terminateSession,
  undeleteSession,
} from './session-life.ts';
import type { ResumeFlags, TerminateFlags } from './session-life.ts';
import {
  catSessionFile,
  diffSession,
  getSession,
  listRunners,
  listSessionEntries,
  listSessions,
  showSessionLog,
} from './session-look.ts';
import type { ListSessionsFlags } from './session-look.ts';
import { CHECKPOINT_SHAPE, RESTORE_SHAPE, SESSION_SHAPE } from './session-shapes.ts';

const SESSION = 'its name, or its id';
const SNAPSHOT = 'SESSION, or SESSION@N for its Nth checkpoint';

export function registerSessions(noun: Command, invocation: Invocation): void {
  noun.hook('preSubcommand', (_, verb) => {
    if (verb.name() === 'exec') invocation.failureCode = EXEC_FAILED;
  });
  registerStart(noun, invocation);
  registerExec(noun, invocation);
  registerMoves(noun, invocation);
  registerCheckpoints(noun, invocation);
  registerFiles(noun, invocation);
  registerEnd(noun, invocation);
  registerLists(noun, invocation);
  addExamples(noun, [
    'sessions create --agent claude --name dev',
    'sessions exec dev -- npm test',
    'sessions suspend dev',
  ]);
}

function registerStart(noun: Command, invocation: Invocation): void {
  const create = addSessionFlags(noun.command('create'))
    .description('a new session, at work, with files of its own at /workspace')
    .option('--from <ref>', 'NAME[@SNAPSHOT] or RUN[#TASK] that it starts with (default: nothing)', nonEmpty)
    .allowExcessArguments()
    .action((flags: CreateFlags, command: Command) => createSession(invocation, flags, command));
  addExamples(create, [
    'sessions create --agent claude --name dev --labels team=web,stage=test',
    'sessions create --agent codex --workspace-mobility object_sync',
    'sessions create --name fix --from web@3 --workspace-quota 20480',
  ]);
  addNote(
    create,
    'Mobility: local, resumed by its runner alone (the default); shared, by any runner of its region; object_sync, anywhere.\n' +
      'Storage: volume, a directory of the runner (the default); pvc, a claim in Kubernetes; cas, the chunk store.\n' +
      'Unless a flag says otherwise, the quota is that of strata.yaml, and a session that nobody uses for 30m is suspended.',
  );
  addJsonHelp(create, SESSION_SHAPE);

  const fork = addSessionFlags(noun.command('fork'))
    .description('a new session, suspended, with the files of a checkpoint; nothing is copied')
    .argument('<session[@n]>', SNAPSHOT, nonEmpty)
    .action((ref: string, flags: CreateFlags) => forkSession(invocation, ref, flags));
  addExamples(fork, ['sessions fork dev --name try', 'sessions fork dev@3 --workspace-mobility object_sync']);
  addNote(fork, 'What no flag says is as in the session that it is one of.');
  addJsonHelp(fork, 'the new session, as of create');
}

function registerExec(noun: Command, invocation: Invocation): void {
  const exec = noun
    .command('exec')
    .description('run a command in a session, with its files at /workspace')
    .argument('<session>', SESSION, nonEmpty)
    .argument('<cmd...>', 'what to run, behind --')
    .option('--env <name=value>', 'a variable of the command; repeatable', assignment)
    .option(
      '--workdir <path>',
      'where it starts: below the workspace, as in src or /workspace/src (default: there)',
      nonEmpty,
    )
    .addOption(choice('--sandbox <mode>', 'bubblewrap around it', ['auto', 'require', 'off']))
    .option('--image <image>', 'run it in a container of this image', nonEmpty)
    .option('--checkpoint', 'make a checkpoint when it has ended (default: as the session was created)')
    .option('--no-checkpoint', 'make none')
    .action((session: string, words: readonly string[], flags: ExecFlags) =>
      execInSession(invocation, session, words, flags),
    );
  addExamples(exec, [
    'sessions exec dev -- npm test',
    "sessions exec dev --checkpoint -- sh -c 'echo more >> notes.txt'",
    'sessions exec dev --env CI=1 --workdir web -- make',
    'sessions exec dev -- tar -x < sources.tar',
  ]);
  addNote(
    exec,
    'What the command prints comes out as it is. It reads our stdin, unless that is a terminal: then it reads nothing.\n' +
      `Exit codes: that of the command; ${EXEC_FAILED} for a failure of ours, Ctrl-C included.`,
  );
  addJsonHelp(exec, EXEC_SHAPE);
}

function registerMoves(noun: Command, invocation: Invocation): void {
  const suspend = noun
    .command('suspend')
    .description('end its commands, save its files, give the runner back')
    .argument('<session>', SESSION, nonEmpty)
    .action((name: string) => suspendSession(invocation, name));
  addExamples(suspend, ['sessions suspend dev']);
  addNote(
    suspend,
    'While the store is away the runner keeps the files and tries again; so does this command, when it is repeated.',
  );
  addJsonHelp(suspend, 'the session, as of create');

  const resume = noun
    .command('resume')
    .description('go on with a suspended session, where it was or on another runner')
    .argument('<session>', SESSION, nonEmpty)
    .option('--runner <runner>', 'on this one (default: where it was)', nonEmpty)
    .option('--region <region>', 'on a runner of this region', nonEmpty)
    .option('--accept-loss', 'from the last checkpoint, though another runner has newer files')
    .action((name: string, flags: ResumeFlags) => resumeSession(invocation, name, flags));
  addExamples(resume, ['sessions resume dev', 'sessions resume dev --region eu-west-1']);
  addJsonHelp(resume, 'the session, as of create');
}

function registerCheckpoints(noun: Command, invocation: Invocation): void {
  const checkpoint = noun
    .command('checkpoint')
    .description('save its files as they are now; it goes on')
    .argument('<session>', SESSION, nonEmpty)
    .option('-m, --message <text>', 'a word about it')
    .action((name: string, flags: { message?: string }) => checkpointSession(invocation, name, flags));
  addExamples(checkpoint, ["sessions checkpoint dev -m 'tests pass'"]);
  addJsonHelp(checkpoint, CHECKPOINT_SHAPE);

  const restore = noun
    .command('restore')
    .description('make its files those of an earlier checkpoint; what they are now is saved first')
    .argument('<session@n>', 'SESSION@N', nonEmpty)
    .option('--dry-run', 'change nothing; tell what would, of what is in a checkpoint')
    .action((ref: string, flags: { dryRun?: boolean }) => restoreSession(invocation, ref, flags));
  addExamples(restore, ['sessions restore dev@3 --dry-run', 'sessions restore dev@3']);
  addNote(
    restore,
    'A suspended session can be restored too: only its latest checkpoint becomes another one, which takes no time.',
  );
  addJsonHelp(restore, RESTORE_SHAPE);

  const log = noun
    .command('log')
    .description('its checkpoints, the newest first')
    .argument('<session>', SESSION, nonEmpty)
    .action((name: string) => showSessionLog(invocation, name));
  addExamples(log, ['sessions log dev']);
  addJsonHelp(log, 'as of workspaces log');

  const diff = noun
    .command('diff')
    .description('what changed from one checkpoint to another: + added, - removed, ~ changed')
    .argument('<session@n>', SNAPSHOT, nonEmpty)
    .argument('[session@m]', 'the other one (default: the latest)', nonEmpty)
    .action((before: string, after: string | undefined) => diffSession(invocation, before, after));
  addExamples(diff, ['sessions diff dev@1', 'sessions diff dev@1 dev@3', 'sessions diff dev@3 try']);
  addNote(diff, 'What is in no checkpoint yet is not seen: `sessions checkpoint` makes one.');
  addJsonHelp(diff, 'as of workspaces diff');
}

function registerFiles(noun: Command, invocation: Invocation): void {
  const ls = noun
    .command('ls')
    .description('what is in a directory of a checkpoint; no runner is needed')
    .argument('<session[@n][:path]>', `${SNAPSHOT}. The first : starts a path in it`, nonEmpty)
    .option('-R, --recursive', 'also what is in the directories in it')
    .action((ref: string, flags: ListEntriesFlags) => listSessionEntries(invocation, ref, flags));
  addExamples(ls, ['sessions ls dev', 'sessions ls dev@3:src -R']);
  addJsonHelp(ls, 'as of workspaces ls');

  const cat = noun
    .command('cat')
    .description('the bytes of one file of a checkpoint, on stdout')
    .argument('<session[@n]:path>', `${SNAPSHOT}. The first : starts a path in it`, nonEmpty)
    .action((ref: string) => catSessionFile(invocation, ref));
  addExamples(cat, ['sessions cat dev:notes.txt', 'sessions cat dev@3:package.json']);
}

function registerEnd(noun: Command, invocation: Invocation): void {
  const hold = noun
    .command('hold')
    .description('keep its files from expiring once it has ended')
    .argument('<session>', SESSION, nonEmpty)
    .option('--release', 'let them expire again')
    .action((name: string, flags: { release?: boolean }) => holdSession(invocation, name, flags));
  addExamples(hold, ['sessions hold dev', 'sessions hold dev --release']);
  addJsonHelp(hold, 'the session, as of create');

  const terminate = noun
    .command('terminate')
    .description('end it; its files are saved first, and stay for a while')
    .argument('<session>', SESSION, nonEmpty)
    .option('--retention <time>', `${RETENTION} (default: as it was created)`, lengthOfTime)
    .option('--discard', 'save nothing: what is in no checkpoint is lost')
    .action((name: string, flags: TerminateFlags) => terminateSession(invocation, name, flags));
  addExamples(terminate, ['sessions terminate dev', 'sessions terminate dev --retention 14d']);
  addJsonHelp(terminate, 'the session, as of create');

  const undelete = noun
    .command('undelete')
    .description('bring back a session that has ended, suspended, while its files are there')
    .argument('<session>', SESSION, nonEmpty)
    .action((name: string) => undeleteSession(invocation, name));
  addExamples(undelete, ['sessions undelete dev']);
  addJsonHelp(undelete, 'the session, as of create');
}

function registerLists(noun: Command, invocation: Invocation): void {
  const get = noun
    .command('get')
    .description('one session: where it is, what it has, how safe that is')
    .argument('<session>', SESSION, nonEmpty)
    .action((name: string) => getSession(invocation, name));
  addExamples(get, ['sessions get dev', 'sessions get dev --json']);
  addJsonHelp(get, SESSION_SHAPE);

  const list = noun
    .command('list')
    .description('all sessions, the newest first')
    .addOption(choice('--state <state>', 'only those that are', STATES))
    .option('--labels <labels>', 'only those with all of these, as in team=web,stage=test', labels)
    .option('--all', 'also those whose files are gone')
    .action((flags: ListSessionsFlags) => listSessions(invocation, flags));
  addExamples(list, ['sessions list', 'sessions list --state suspended --labels team=web --json']);
  addNote(list, 'SIZE is that of its files at the latest checkpoint.');
  addJsonHelp(list, '{sessions:[…]}, each as of get');

  const runners = noun
    .command('runners')
    .description('who there is to work for sessions')
    .action(() => listRunners(invocation));
  addExamples(runners, ['sessions runners']);
  addJsonHelp(
    runners,
    '{runners:[{name, region, state, baseDir, sessions, seen}]}. state: "home", "lives", "silent" (its lease is over, its process is there) or "gone".',
  );
}
