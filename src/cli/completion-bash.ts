/** The completion script for bash. */

import { MOST_RUNS, MOST_TASKS } from './command-shape.ts';
import type { CommandShape, FlagShape, ProgramShape, ValueKind } from './command-shape.ts';

export function bashCompletion({ name, otherNames, flags, nouns }: ProgramShape): string {
  const leaves = nouns.flatMap((noun) =>
    noun.verbs.length === 0
      ? [{ words: noun.name, command: noun }]
      : noun.verbs.map((verb) => ({ words: `${noun.name} ${verb.name}`, command: verb })),
  );
  const verbs = nouns.filter((noun) => noun.verbs.length > 0);
  return `# Completion of ${name} for bash. It is made from the commands: make it anew after an update.

# The verbs of a noun.
_${name}_verbs() {
  case $1 in
${verbs.map((noun) => `    ${noun.name}) REPLY='${namesOf(noun.verbs)}' ;;`).join('\n')}
    *) REPLY='' ;;
  esac
}

# The flags of a command.
_${name}_flags() {
  case $1 in
${leaves.map(({ words, command }) => `    '${words}') REPLY='${flagNames(command.flags)}' ;;`).join('\n')}
    *) REPLY='' ;;
  esac
  REPLY+=' ${flagNames(flags)}'
}

# What a flag of a command takes; nothing: it is a switch.
_${name}_value() {
  case "$1 $2" in
${valueCases('*', flags)}
${leaves
  .map(({ words, command }) => valueCases(words, command.flags))
  .filter((text) => text !== '')
  .join('\n')}
    *) REPLY='' ;;
  esac
}

# What an argument of a command is. They count from 0.
_${name}_argument() {
  case "$1 $2" in
${leaves.flatMap(({ words, command }) => argumentCases(words, command)).join('\n')}
    *) REPLY=nothing ;;
  esac
}

${known(name)}
${body(name, namesOf(nouns))}
complete -F _${name} ${[name, ...otherNames].join(' ')}
`;
}

function valueCases(words: string, flags: readonly FlagShape[]): string {
  return flags
    .flatMap(({ names, takes }) =>
      takes === undefined
        ? []
        : [`    ${names.map((flag) => pattern(words, flag)).join(' | ')}) REPLY=${kindText(takes)} ;;`],
    )
    .join('\n');
}

function pattern(words: string, last: string): string {
  return words === '*' ? `*' ${last}'` : `'${words} ${last}'`;
}

function argumentCases(words: string, { args }: CommandShape): string[] {
  return args.map(
    ({ takes, isVariadic }, at) =>
      `    ${isVariadic ? `'${words} '*` : `'${words} ${at}'`}) REPLY=${kindText(takes)} ;;`,
  );
}

function kindText(kind: ValueKind): string {
  return typeof kind === 'string' ? kind : `'${kind.join(' ')}'`;
}

function namesOf(commands: readonly CommandShape[]): string {
  return commands.map(({ name }) => name).join(' ');
}

function flagNames(flags: readonly FlagShape[]): string {
  return flags.flatMap(({ names }) => names).join(' ');
}

/** What is asked for when it is wanted. `program`, `where` and `run` are those of the line. */
function known(name: string): string {
  return `_${name}_ask() {
  "$program" "\${where[@]}" "$@" 2>/dev/null </dev/null
}

_${name}_workspaces() {
  _${name}_ask workspaces list | tail -n +2 | cut -d ' ' -f 1
}

_${name}_regions() {
  _${name}_ask config regions --quiet
}

_${name}_sessions() {
  _${name}_ask sessions list --quiet
}

_${name}_runners() {
  _${name}_ask sessions runners --quiet
}

# The newest come first.
_${name}_runs() {
  _${name}_ask runs list --quiet --limit ${MOST_RUNS}
}

_${name}_tasks() {
  [[ $1 =~ ^run-[0-9a-f]{12}$ ]] && _${name}_ask runs get "$1" --names | head -n ${MOST_TASKS}
}

# A word as it was typed, without quotes.
_${name}_unquoted() {
  local word=\${1#[\\"\\']}
  printf '%s' "\${word//\\\\/}"
}

# What may be in the place of a word that begins so, a line each.
_${name}_known() {
  local task
  case $1 in
    workspace) [[ $2 == *[:@]* ]] || _${name}_workspaces ;;
    region) _${name}_regions ;;
    session) [[ $2 == *[:@]* ]] || _${name}_sessions ;;
    runner) _${name}_runners ;;
    run) _${name}_runs ;;
    task) _${name}_tasks "$run" ;;
    tree)
      if [[ $2 == run-*'#'* ]]; then
        [[ $2 == *:* ]] && return
        _${name}_tasks "\${2%%#*}" | while IFS= read -r task; do
          task=\${task//\\%/%25}
          task=\${task//\\#/%23}
          printf '%s#%s\\n' "\${2%%#*}" "\${task//:/%3A}"
        done
      elif [[ $2 != *[:@]* ]]; then
        _${name}_workspaces
        # Their ids say nothing: they would be in the way of names.
        if [[ $2 == r* ]]; then _${name}_runs; fi
      fi
      ;;
  esac
}
`;
}

function body(name: string, nouns: string): string {
  return `_${name}() {
  local REPLY word flag='' takes='' noun='' verb='' current program=\${COMP_WORDS[0]} at=0 i plain='' run='' typed
  local -a words=() where=()
  # Bash takes these for the ends of words, and references have them inside.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 0)) && [[ $word == [:=@]* || \${words[-1]} == *[:=@] ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  current=\${words[-1]}
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    word=\${words[i]}
    if [[ -n $takes ]]; then
      # Workspaces are asked for where the line says.
      [[ $flag == --@(home|config|tenant) ]] && where+=("$flag" "\${word/#\\~\\//$HOME/}")
      takes=''
    elif [[ -z $plain && $word == -- ]]; then
      plain=yes
    elif [[ -z $plain && $word == --@(home|config|tenant)=* ]]; then
      where+=("$word")
    elif [[ -z $plain && $word == -* ]]; then
      flag=$word
      _${name}_value "$noun\${verb:+ $verb}" "$flag"
      takes=$REPLY
    elif [[ -z $noun ]]; then
      noun=$word
    else
      _${name}_verbs "$noun"
      if [[ -z $verb && -n $REPLY ]]; then verb=$word; else ((at += 1)); run=$word; fi
    fi
  done
  local command="$noun\${verb:+ $verb}"
  if [[ -z $takes ]]; then
    _${name}_verbs "$noun"
    if [[ -z $plain && $current == --*=* ]]; then
      _${name}_value "$command" "\${current%%=*}"
      takes=\${REPLY:-nothing}
      current=\${current#*=}
    elif [[ -z $plain && $current == -* ]]; then
      _${name}_flags "$command"
      takes=$REPLY
    elif [[ -z $noun ]]; then
      takes='${nouns}'
    elif [[ -z $verb && -n $REPLY ]]; then
      takes=$REPLY
    else
      _${name}_argument "$command" "$at"
      takes=$REPLY
    fi
  fi
  COMPREPLY=()
  case $takes in
    nothing) ;;
    workspace | tree | run | task | region | session | runner)
      # Names may be anything: bash is to quote them, and never to expand them, as compgen would.
      compopt -o filenames -o nosort 2>/dev/null
      current=$(_${name}_unquoted "$current")
      typed=$(_${name}_unquoted "\${COMP_WORDS[COMP_CWORD]}")
      while IFS= read -r word; do
        # Of a word that bash has taken apart it wants the last part.
        [[ $word == "$current"* ]] && COMPREPLY+=("\${word#"\${current%"$typed"}"}")
      done < <(_${name}_known "$takes" "$current")
      ;;
    file | directory)
      compopt -o filenames 2>/dev/null
      if [[ $takes == file ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
      else
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
      fi
      ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$takes" -- "$current") ;;
  esac
}
`;
}
