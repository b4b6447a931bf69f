/** The completion script for zsh. */

import type { ArgumentShape, CommandShape, FlagShape, ProgramShape, ValueKind } from './command-shape.ts';

export function zshCompletion({ name, flags, nouns }: ProgramShape): string {
  return `#compdef ${name}
# Completion of ${name} for zsh. It is made from the commands: make it anew after an update.

_${name}_names() {
  local -a names where
  local word flag=''
  # Workspaces are asked for where the line says.
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
  names=(\${(f)"$($program $where workspaces list 2>/dev/null </dev/null | tail -n +2 | cut -d ' ' -f 1)"})
  compadd -a names
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

if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
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
    workspace: `_${program}_names`,
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
