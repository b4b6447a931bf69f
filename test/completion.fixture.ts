/** What bash offers at the end of a line, with the script that `strata completion bash` has written to `completion.bash`. */

import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';

import { STRATA } from './command-line.fixture.ts';

interface Where {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Gives the words as readline does: `:`, `=` and `@` end them. */
export function askBash(where: Where, line: string, program = STRATA): readonly string[] {
  const words = line
    .split(' ')
    .flatMap((word) => (word === '' ? [''] : word.split(/([:=@]+)/).filter(Boolean)));
  if (/[:=@]$/.test(line)) words.push('');
  const script = `source completion.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
complete -p strata | grep -q -- '-F _strata strata' || echo 'is not registered'
_strata "$1" "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', program, ...words.slice(1)], {
    ...where,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter(Boolean);
}
