/** The command tree as data: what words may stand where. Read off the commands themselves, so that it is never behind them. */

import { Command } from 'commander';
import type { Argument, Option } from 'commander';

import type { Invocation } from './invocation.ts';
import { NOUNS } from './nouns.ts';

/**
 * What a value may be. `region`: a store in the configuration; `tree`: a workspace, or RUN[#TASK]; `task`: one of the run that is named before it; `session`: one that has files; `nothing`:
 * something that nobody can guess; a list: one of these.
 */
export type ValueKind =
  | 'workspace'
  | 'tree'
  | 'run'
  | 'task'
  | 'region'
  | 'session'
  | 'runner'
  | 'file'
  | 'directory'
  | 'nothing'
  | readonly string[];

/** How many of the newest runs, and tasks of one, are offered. */
export const MOST_RUNS = 50;
export const MOST_TASKS = 1000;

export interface FlagShape {
  /** As in `-w`, `--workspace`. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for a switch. */
  readonly takes: ValueKind | undefined;
}

export interface ArgumentShape {
  readonly name: string;
  readonly takes: ValueKind;
  readonly isVariadic: boolean;
}

export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly FlagShape[];
  readonly args: readonly ArgumentShape[];
  readonly verbs: readonly CommandShape[];
}

export interface ProgramShape {
  /** As it was called. */
  readonly name: string;
  /** What the same program is called besides. */
  readonly otherNames: readonly string[];
  /** Those of all commands, before or after the noun. */
  readonly flags: readonly FlagShape[];
  readonly nouns: readonly CommandShape[];
}

/** By what values are called in help texts. */
const KINDS: Readonly<Record<string, ValueKind>> = {
  dir: 'directory',
  file: 'file',
  runner: 'runner',
  ref: 'tree',
};

const ARGUMENT_KINDS: Readonly<Record<string, ValueKind>> = {
  ...KINDS,
  'ref[:path]': 'tree',
  'ref:path': 'tree',
  before: 'tree',
  after: 'tree',
  'name[:path]': 'tree',
  name: 'workspace',
  run: 'run',
  task: 'task',
  session: 'session',
  'session@n': 'session',
  'session@m': 'session',
  'session[@n]': 'session',
  'session[@n][:path]': 'session',
  'session[@n]:path': 'session',
};

/** Names are of many things. */
const FLAG_KINDS: Readonly<Record<string, ValueKind>> = {
  '--workspace': 'workspace',
  '--of': 'workspace',
  '--region': 'region',
};

const PROGRAM_NAMES = ['strata', 'mctl'];

const HELP: FlagShape = { names: ['-h', '--help'], description: 'print help', takes: undefined };

/** @param program with the flags of all commands; its nouns need not be loaded */
export async function programShape(program: Command, invocation: Invocation): Promise<ProgramShape> {
  const nouns: CommandShape[] = [];
  for (const [name, { summary, load }] of Object.entries(NOUNS)) {
    const noun = new Command(name).description(summary);
    (await load())(noun, invocation);
    nouns.push(commandShape(noun));
  }
  const name = program.name();
  const otherNames = PROGRAM_NAMES.filter((each) => each !== name);
  return { name, otherNames, flags: [...program.options.map(flagShape), HELP], nouns };
}

function commandShape(command: Command): CommandShape {
  return {
    name: command.name(),
    description: command.description(),
    flags: command.options.map(flagShape),
    args: command.registeredArguments.map(argumentShape),
    verbs: command.commands.map(commandShape),
  };
}

function flagShape({ short, long, flags, description, required, optional, argChoices }: Option): FlagShape {
  const value = /[<[](.+)[>\]]$/.exec(flags)?.[1] ?? '';
  return {
    names: [short, long].filter((name) => name !== undefined),
    description,
    takes:
      required || optional ? (argChoices ?? FLAG_KINDS[long ?? ''] ?? KINDS[value] ?? 'nothing') : undefined,
  };
}

function argumentShape(argument: Argument): ArgumentShape {
  const name = argument.name();
  return {
    name,
    takes: argument.argChoices ?? ARGUMENT_KINDS[name] ?? 'nothing',
    isVariadic: argument.variadic,
  };
}
