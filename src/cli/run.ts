/** From the words of a command line to an exit code. */

import { Command, CommanderError, InvalidArgumentError } from 'commander';

import { EXIT_CODES } from '../base/index.ts';
import { reportFailure } from './failure.ts';
import { addExamples } from './help.ts';
import type { Invocation } from './invocation.ts';
import { Terminal } from './terminal.ts';
import { readVersion } from './version.ts';
import type { GlobalFlags, World } from './world.ts';

/** Gives the command of a noun its verbs. */
type Register = (noun: Command, invocation: Invocation) => void;

interface Noun {
  readonly summary: string;
  /** Loaded when the noun is used: others do not cost a start anything. */
  readonly load: () => Promise<Register>;
}

const NOUNS: Readonly<Record<string, Noun>> = {
  workspaces: {
    summary: 'save directories, look into what was saved, bring it back',
    load: async () => (await import('./workspaces.ts')).registerWorkspaces,
  },
  store: {
    summary: 'the chunk store: figures, verification, repair of the index',
    load: async () => (await import('./store.ts')).registerStore,
  },
  keys: {
    summary: 'the root key: state, rotation, recovery',
    load: async () => (await import('./keys.ts')).registerKeys,
  },
  config: {
    summary: 'the configuration file',
    load: async () => (await import('./config.ts')).registerConfig,
  },
  version: {
    summary: 'print the version',
    load: async () => (await import('./version.ts')).registerVersion,
  },
};

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
    return (invocation = { world, flags, terminal: new Terminal(world, flags), exitCode: 0 });
  };
  try {
    declareProgram(program, world, invoke);
    await program.parseAsync(helpAsFlag(words), { from: 'user' });
    return invocation?.exitCode ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was asked for, and help in place of a verb that is missing.
      if (error.exitCode === 0) return 0;
      if (error.code === 'commander.help') return EXIT_CODES.bad_input;
    }
    // A line that cannot be parsed leaves no flags behind.
    const flags: GlobalFlags = { ...program.opts<GlobalFlags>(), ...(asksForJson(words) && { json: true }) };
    const { program: name, signal } = world;
    return reportFailure(error, new Terminal(world, flags), {
      program: name,
      signal,
      verbose: flags.verbose === true,
    });
  }
}

function declareProgram(program: Command, world: World, invoke: () => Invocation): void {
  program
    .description('Keeps directory trees: deduplicated, encrypted, verified, with their history.')
    .option(
      '--config <file>',
      'configuration (default: $STRATA_CONFIG, ./strata.yaml, $STRATA_HOME/strata.yaml)',
      value,
    )
    .option('--home <dir>', 'where everything is kept (default: $STRATA_HOME, ~/.strata)', value)
    .option('--tenant <name>', 'whose workspaces (default: default)', value)
    .option(
      '--json',
      'one JSON object on stdout; an error is {"error":{code,message,hint,details}} on stderr',
    )
    .option('--quiet', 'no progress, no summary, no warnings')
    .option('-v, --verbose', 'with an error, also where it arose')
    .option('--no-color', 'plain text; $NO_COLOR does the same')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
      outputError: () => {},
    })
    .hook('preSubcommand', async (_, noun) => (await NOUNS[noun.name()]?.load())?.(noun, invoke()));
  for (const [name, { summary }] of Object.entries(NOUNS)) program.command(name).description(summary);
  addExamples(program, [
    'workspaces save . -w web',
    'workspaces restore web ./copy',
    'workspaces diff web@1 web@2',
    'workspaces save --help',
  ]);
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 2 bad input, 3 conflict, 4 not found, 5 integrity, 6 refused, 7 unavailable, 8 quota,\n' +
      '9 cancelled, 70 internal.',
  );
}

/** `--home --json` has forgotten something. */
function value(text: string): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('It looks like a flag.');
  return text;
}

/** `help workspaces save` is `workspaces save --help`: the verbs are not there before their noun is loaded. */
function helpAsFlag(words: readonly string[]): readonly string[] {
  return words[0] === 'help' ? [...words.slice(1), '--help'] : words;
}

function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? undefined : end).includes('--json');
}
