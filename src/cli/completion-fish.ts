/** The completion script for fish. */

import { MOST_RUNS, MOST_TASKS } from './command-shape.ts';
import type { CommandShape, FlagShape, ProgramShape, ValueKind } from './command-shape.ts';

/** Flags that say whose workspaces there are. */
const WHERE = ['--home', '--config', '--tenant'];

export function fishCompletion({ name, otherNames, flags, nouns }: ProgramShape): string {
  const every = [
    ...flags,
    ...nouns.flatMap((noun) => [noun, ...noun.verbs]).flatMap((command) => command.flags),
  ];
  const takingValues = every.filter(({ takes }) => takes !== undefined).flatMap(({ names }) => names);
  return `# Completion of ${name} for fish. It is made from the commands: make it anew after an update.

# Whether these words come first, flags aside, and after them so many others.
function __${name}_at
    set -l others $argv[1]
    set -l wanted $argv[2..-1]
    set -l found
    set -l skip no
    for word in (commandline -opc)[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $word ${[...new Set(takingValues)].join(' ')}
            set skip yes
        else if not string match -q -- '-*' $word
            set -a found $word
        end
    end
    test (count $found) -ge (count $wanted); or return 1
    for at in (seq (count $wanted))
        test "$found[$at]" = "$wanted[$at]"; or return 1
    end
    test $others = any; or test (count $found) -eq (math (count $wanted) + $others)
end

# Workspaces and runs are asked for where the line says.
function __${name}_ask
    set -l words (commandline -opc)
    set -l where
    set -l flag
    for word in $words[2..-1]
        if set -q flag[1]
            set -a where $flag (string replace -r '^~/' "$HOME/" -- $word)
            set flag
        else if contains -- $word ${WHERE.join(' ')}
            set flag $word
        else if string match -qr -- '^(${WHERE.join('|')})=' $word
            set -a where $word
        end
    end
    $words[1] $where $argv 2>/dev/null </dev/null
end

function __${name}_workspaces
    __${name}_ask workspaces list | tail -n +2 | cut -d ' ' -f 1
end

function __${name}_regions
    __${name}_ask config regions --quiet
end

function __${name}_sessions
    __${name}_ask sessions list --quiet
end

function __${name}_runners
    __${name}_ask sessions runners --quiet
end

# The newest come first.
function __${name}_runs
    __${name}_ask runs list --quiet --limit ${MOST_RUNS}
end

function __${name}_task_names
    string match -qr -- '^run-[0-9a-f]{12}$' "$argv[1]"; and __${name}_ask runs get $argv[1] --names | head -n ${MOST_TASKS}
end

# Of the run that the line names.
function __${name}_tasks
    set -l runs (string match -r -- '^run-[0-9a-f]{12}$' (commandline -opc))
    __${name}_task_names $runs[-1]
end

function __${name}_trees
    # Without quotes.
    set -l word (commandline -ct | string replace -a '\\\\' '' | string trim -l -c '\\'"')
    set -l run (string replace -rf -- '^(run-[0-9a-f]{12})#.*$' '$1' "$word")
    if set -q run[1]
        for task in (__${name}_task_names $run | string replace -a '%' '%25' | string replace -a '#' '%23' | string replace -a ':' '%3A')
            echo $run#$task
        end
        return
    end
    __${name}_workspaces
    # Their ids say nothing: they would be in the way of names.
    string match -q -- 'r*' "$word"; and __${name}_runs
end

${otherNames.map((other) => `complete -c ${other} -w ${name}`).join('\n')}
complete -c ${name} -f
${[
  ...flags.flatMap((flag) => flagLines(name, 'any', '', flag)),
  ...nouns.flatMap((noun) => [
    line(name, '0', '', `-a ${noun.name} -d ${quote(noun.description)}`),
    ...(noun.verbs.length === 0 ? leafLines(name, noun.name, noun) : verbLines(name, noun)),
  ]),
].join('\n')}
`;
}

function verbLines(program: string, noun: CommandShape): string[] {
  return noun.verbs.flatMap((verb) => [
    line(program, '0', noun.name, `-a ${verb.name} -d ${quote(verb.description)}`),
    ...leafLines(program, `${noun.name} ${verb.name}`, verb),
  ]);
}

function leafLines(program: string, words: string, { flags, args }: CommandShape): string[] {
  return [
    ...flags.flatMap((flag) => flagLines(program, 'any', words, flag)),
    ...args.flatMap(({ takes, isVariadic }, at) => {
      const values = valueText(takes, program);
      return values === '' ? [] : [line(program, isVariadic ? 'any' : String(at), words, values)];
    }),
  ];
}

function flagLines(program: string, others: string, words: string, flag: FlagShape): string[] {
  const names = flag.names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const value = flag.takes === undefined ? '' : ` -x ${valueText(flag.takes, program)}`.trimEnd();
  return [line(program, others, words, `${names.join(' ')}${value} -d ${quote(flag.description)}`)];
}

function line(program: string, others: string, words: string, rest: string): string {
  return `complete -c ${program} -n '__${program}_at ${`${others} ${words}`.trimEnd()}' ${rest}`;
}

function valueText(kind: ValueKind, program: string): string {
  if (typeof kind !== 'string') return `-a '${kind.join(' ')}'`;
  const texts = {
    workspace: `-a '(__${program}_workspaces)'`,
    tree: `-k -a '(__${program}_trees)'`,
    run: `-k -a '(__${program}_runs)'`,
    task: `-k -a '(__${program}_tasks)'`,
    region: `-a '(__${program}_regions)'`,
    session: `-k -a '(__${program}_sessions)'`,
    runner: `-a '(__${program}_runners)'`,
    file: "-a '(__fish_complete_path (commandline -ct))'",
    directory: "-a '(__fish_complete_directories (commandline -ct))'",
    nothing: '',
  } as const;
  return texts[kind];
}

function quote(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
