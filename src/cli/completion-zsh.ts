/** The completion script for zsh. */

import { MOST_RUNS, MOST_TASKS } from './command-shape.ts';
import type { ArgumentShape, CommandShape, FlagShape, ProgramShape, ValueKind } from './command-shape.ts';

export function zshCompletion({ name, otherNames, flags, nouns }: ProgramShape): string {
  const names = [name, ...otherNames].join(' ');
  return `#compdef ${names}
# Completion of ${name} for zsh. It is made from the commands: make it anew after an update.

# Workspaces and runs are asked for where the line says.
_${name}_ask() {
  local -a where
  local word flag=''
  for word in "\${(@Q)typed[2,-1]}"; do
    if [[ -n $flag ]]; then
      where+=("$flag" "\${word/#\\~\\//$HOME/}")
      flag=''
    elif [[ $word == --(home|config|tenant) ]]; then
      flag=$word
    elif [[ $word == --(home|config|tenant)=* ]]; then
      where+=("$word")
    fi
  done
  $program $where "$@" 2>/dev/null </dev/null
}

_${name}_workspaces() {
  local -a names
  names=(\${(f)"$(_${name}_ask workspaces list | tail -n +2 | cut -d ' ' -f 1)"})
  compadd -a names
}

_${name}_regions() {
  local -a names
  names=(\${(f)"$(_${name}_ask config regions --quiet)"})
  compadd -a names
}

_${name}_sessions() {
  local -a names
  names=(\${(f)"$(_${name}_ask sessions list --quiet)"})
  compadd -V sessions -a names
}

_${name}_runners() {
  local -a names
  names=(\${(f)"$(_${name}_ask sessions runners --quiet)"})
  compadd -a names
}

# The newest come first.
_${name}_runs() {
  local -a names
  names=(\${(f)"$(_${name}_ask runs list --quiet --limit ${MOST_RUNS})"})
  compadd -V runs -a names
}

_${name}_task_names() {
  [[ $1 =~ '^run-[0-9a-f]{12}$' ]] && _${name}_ask runs get $1 --names | head -n ${MOST_TASKS}
}

# Of the run that the line names.
_${name}_tasks() {
  local -a names
  local word run=''
  for word in "\${(@Q)typed[2,-1]}"; do
    [[ $word =~ '^run-[0-9a-f]{12}$' ]] && run=$word
  done
  names=(\${(f)"$(_${name}_task_names $run)"})
  compadd -V tasks -a names
}

_${name}_trees() {
  local -a names
  local word=\${(Q)PREFIX} run
  if [[ $word == run-*'#'* ]]; then
    run=\${word%%'#'*}
    names=(\${(f)"$(_${name}_task_names $run)"})
    names=("\${(@)names//\\%/%25}")
    names=("\${(@)names//\\#/%23}")
    names=("\${(@)names//:/%3A}")
    names=("\${(@)names/#/$run#}")
    compadd -V tasks -a names
    return
  fi
  _${name}_workspaces
  # Their ids say nothing: they would be in the way of names.
  if [[ $word == r* ]]; then _${name}_runs; fi
}

_${name}() {
  local program=$words[1] curcontext="$curcontext" state line
  local -A opt_args
  local -a all typed
  # What follows narrows the words down.
  typed=("\${words[@]}")
  all=(
${flags
  .flatMap((flag) => flagSpecs(flag, name))
  .map(indent)
  .join('\n')}
  )
  _arguments -C "$all[@]" '1: :->noun' '*::: :->rest' && return
  case $state in
    noun)
      local -a nouns
      nouns=(
${described(nouns)}
      )
      _describe noun nouns
      ;;
    rest)
      words=($line[1] "\${words[@]}")
      (( CURRENT += 1 ))
      case $line[1] in
${nouns.map((noun) => nounCase(noun, name)).join('\n')}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${names}; fi
`;
}

function nounCase(noun: CommandShape, program: string): string {
  if (noun.verbs.length === 0) return `        ${noun.name})\n${leaf(noun, program)}\n          ;;`;
  return `        ${noun.name})
          _arguments -C "$all[@]" '1: :->verb' '*::: :->rest' && return
          case $state in
            verb)
              local -a verbs
              verbs=(
${described(noun.verbs)}
              )
              _describe verb verbs
              ;;
            rest)
              words=($line[1] "\${words[@]}")
              (( CURRENT += 1 ))
              case $line[1] in
${noun.verbs.map((verb) => `                ${verb.name})\n${leaf(verb, program)}\n                  ;;`).join('\n')}
              esac
              ;;
          esac
          ;;`;
}

function leaf({ flags, args }: CommandShape, program: string): string {
  const specs = [
    ...flags.flatMap((flag) => flagSpecs(flag, program)),
    ...args.map((argument, at) => argumentSpec(argument, at, program)),
  ];
  return ['          _arguments "$all[@]"', ...specs].join(' \\\n            ');
}

function flagSpecs({ names, description, takes }: FlagShape, program: string): string[] {
  const value = takes === undefined ? '' : `:value:${action(takes, program)}`;
  return names.map((flag) => quote(`*${flag}[${escape(description)}]${value}`));
}

function argumentSpec({ name, takes, isVariadic }: ArgumentShape, at: number, program: string): string {
  return quote(`${isVariadic ? '*' : at + 1}:${escape(name)}:${action(takes, program)}`);
}

function action(kind: ValueKind, program: string): string {
  if (typeof kind !== 'string') return `(${kind.join(' ')})`;
  const actions = {
    workspace: `_${program}_workspaces`,
    tree: `_${program}_trees`,
    run: `_${program}_runs`,
    task: `_${program}_tasks`,
    region: `_${program}_regions`,
    session: `_${program}_sessions`,
    runner: `_${program}_runners`,
    file: '_files',
    directory: '_files -/',
    nothing: ' ',
  } as const;
  return actions[kind];
}

function described(commands: readonly CommandShape[]): string {
  return commands
    .map(({ name, description }) => `        ${quote(`${name}:${escape(description)}`)}`)
    .join('\n');
}

function indent(line: string): string {
  return `    ${line}`;
}

/** What ends a description, or a part of a specification. */
function escape(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
