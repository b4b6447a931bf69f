/** From the words of a command line to an exit code. */

import { Command, CommanderError } from 'commander';

import { EXIT_CODES, StrataError, nearNames } from '../base/index.ts';
import { plainValue } from './argument.ts';
import { reportFailure } from './failure.ts';
import { addExamples, addNote } from './help.ts';
import type { Invocation } from './invocation.ts';
import { NOUNS } from './nouns.ts';
import { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';
import type { GlobalFlags, World } from './world.ts';

/**
 * Runs one command. Never throws: what goes wrong is told on stderr.
 *
 * @param words without the program's name
 * @returns the exit code, of the table in base/error.ts
 */
export async function run(words: readonly string[], world: World): Promise<number> {
  const program = new Command(world.program);
  let invocation: Invocation | undefined;
  const invoke = () => {
    const flags = program.opts<GlobalFlags>();
    return (invocation = { world, words, flags, terminal: new Terminal(world, flags), exitCode: 0 });
  };
  let shown = '';
  try {
    declareProgram(program, world, invoke, (text) => (shown += text));
    await program.parseAsync(helpAsFlag(words), { from: 'user' }).catch(async (error: unknown) => {
      // Help or the version, as it was asked for.
      if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
      await new Terminal(world, {}).write(shown);
    });
    return invocation?.exitCode ?? 0;
  } catch (error) {
    const lacksVerb = error instanceof CommanderError && error.code === 'commander.help';
    // Its help is on stderr already.
    if (lacksVerb && !asksForJson(words)) return EXIT_CODES.bad_input;
    // A line that cannot be parsed leaves no flags behind.
    const flags: GlobalFlags = { ...program.opts<GlobalFlags>(), ...(asksForJson(words) && { json: true }) };
    const { program: name, signal } = world;
    const code = reportFailure(lacksVerb ? missingVerb() : error, new Terminal(world, flags), {
      program: name,
      command: commandOf(program),
      signal,
      verbose: flags.verbose === true,
    });
    return invocation?.failureCode ?? code;
  }
}

function declareProgram(
  program: Command,
  world: World,
  invoke: () => Invocation,
  show: (text: string) => void,
): void {
  program
    .description(
      'Keeps directory trees: deduplicated, encrypted, verified, with their history. Runs tasks that hand them to each other, and agents whose files outlive the machine.',
    )
    .option(
      '--config <file>',
      'configuration (default: $STRATA_CONFIG, ./strata.yaml, $STRATA_HOME/strata.yaml)',
      plainValue,
    )
    .option('--home <dir>', 'where everything is kept (default: $STRATA_HOME, ~/.strata)', plainValue)
    .option('--tenant <tenant>', 'whose workspaces (default: default)', plainValue)
    .option(
      '--json',
      'one JSON object on stdout; an error is {"error":{code,message,hint,details}} on stderr',
    )
    .option('-q, --quiet', 'no progress, no summary, no warnings')
    .option('-v, --verbose', 'each step on stderr as it is done; with an error, also where it arose')
    .option('--no-color', 'plain text; $NO_COLOR does the same')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: show,
      writeErr: (text) => void world.stderr.write(text),
      outputError: () => {},
    })
    .hook('preSubcommand', async (_, noun) => (await NOUNS[noun.name()]?.load())?.(noun, invoke()));
  for (const [name, { summary }] of Object.entries(NOUNS)) program.command(name).description(summary);
  addExamples(program, [
    'workspaces save . -w web',
    'workspaces restore web ./copy',
    'workspaces diff web@1 web@2',
    'runs start ci.yml',
    'sessions create --agent claude --name dev',
    'sessions exec dev -- npm test',
    'workspaces save --help',
  ]);
  program.addHelpText('beforeAll', ({ command }) => {
    refuseUnknown(command);
    return '';
  });
  addNote(
    program,
    'Exit codes: 0 done, 1 a run failed, 2 bad input, 3 conflict, 4 not found, ' +
      '5 integrity, 6 refused, 7 unavailable, 8 quota, 9 cancelled, 70 internal.',
  );
}

/** `workspaces nope --help` must not pass for the help of `workspaces`. */
function refuseUnknown(command: Command): void {
  const word = command.args.find((each) => each !== 'help' && !each.startsWith('-'));
  if (word === undefined || command.commands.length === 0) return;
  const near = nearNames(
    word,
    command.commands.map((each) => each.name()),
  );
  command.error(
    `error: unknown command '${word}'` + (near.length > 0 ? `\n(Did you mean ${near.join(' or ')}?)` : ''),
  );
}

/** Which command the line was for, as far as it came. */
function commandOf(program: Command): readonly string[] {
  const [word] = program.args;
  const next = program.commands.find((each) => each.name() === word);
  return next === undefined ? [] : [next.name(), ...commandOf(next)];
}

function missingVerb(): StrataError {
  return new StrataError('bad_input', 'there is no command in this line', {
    hint: 'Each command has a noun and a verb, as in `workspaces list`; --help shows them.',
  });
}

/** `help workspaces save` is `workspaces save --help`: the verbs are not there before their noun is loaded. */
function helpAsFlag(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : words;
}

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).includes('--json');
}
