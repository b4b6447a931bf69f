/** What a command is given besides its words: the environment, checked. */

import { StrataError } from '../base/index.ts';
import type { Command } from './executor.ts';

/** Where containers and sandboxes show a place. One path for all, so that what remembers where it was built works in the next task. */
export const SHOWN_HOME = '/home/task';

/** The variable that tells of a process of which place it is, where HOME does not. */
export const PLACE_MARK = 'STRATA_PLACE';

/** No colours or cursors in a log; and text is UTF-8 on each machine. */
const FIXED = { LANG: 'C.UTF-8', TERM: 'dumb' };
/** What a shell takes when nobody said anything. */
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `base`, then what the command wants, then HOME. A map: a name like `__proto__` is a name. */
export function environmentFor(
  base: Readonly<Record<string, string>>,
  command: Command,
  home: string,
): Map<string, string> {
  checkWords(command.words);
  const all = new Map([...Object.entries(base), ...Object.entries(command.environment), ['HOME', home]]);
  for (const [name, value] of all) {
    if (!/^[^=\0]+$/.test(name) || value.includes('\0'))
      throw new StrataError('bad_input', `${JSON.stringify(name)} cannot be in an environment`, {
        hint: 'Names are not empty and have no `=`; neither names nor values have a byte 0.',
        details: { name },
      });
  }
  return all;
}

/** @param path the caller's PATH; what is relative in it would be found in the place */
export function hostEnvironment(path: string | undefined): Record<string, string> {
  const directories = (path ?? '').split(':').filter((each) => each.startsWith('/'));
  return { PATH: directories.join(':') || USUAL_PATH, ...FIXED };
}

function checkWords(words: readonly string[]): void {
  if (words[0] !== '' && !words.some((word) => word.includes('\0'))) return;
  throw new StrataError('bad_input', 'a command names no program, or has a byte 0 in its words', {
    hint: 'Correct the command.',
    details: { words },
  });
}

export function noWorkingDir(workingDir: string): StrataError {
  return new StrataError('not_found', `the working directory ${workingDir} is not there`, {
    hint: 'Make it in a step before, or name one that is there.',
    details: { workingDir },
  });
}
