/**
 * The root of a sandbox. It is the machine's, read-only, so nothing can be mounted where the machine has no directory. For what is to be
 * shown directly below `/` there is a root in memory instead, with everything of the machine's in its place.
 */

import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { SHOWN_HOME } from './environment.ts';
import { refusal } from './shown.ts';

export interface Root {
  /** Before all other mounts, and after them. */
  readonly first: readonly string[];
  readonly last: readonly string[];
}

/** The sandbox makes them. */
const ITS_OWN = new Set(['dev', 'proc']);

/**
 * What a root has to be made for if something is to be mounted there.
 *
 * @param at absolute, and the machine's own directories are shown above
 * @returns a path directly below `/`; none if the machine has the directory
 * @throws bad_input where it would take more than a root
 */
export function missingTop(at: string): string[] {
  let path = '';
  for (const name of at.slice(1).split('/')) {
    const isTop = path === '';
    path += `/${name}`;
    const stats = look(path);
    if (stats?.isDirectory() === true) continue;
    if (isTop && (stats === undefined || path === at)) return [path];
    const reason = stats === undefined ? 'is not on this machine' : 'is no directory on this machine';
    throw refusal(at, `${path} ${reason}`, 'Show it directly below `/`, as `/workspace`.');
  }
  return [];
}

/** @param made paths directly below `/`, which are not the machine's */
export function rootFor(made: readonly string[]): Root {
  if (made.length === 0) return { first: ['--ro-bind', '/', '/'], last: [] };
  const words = readdirSync('/').flatMap((name) => {
    const path = `/${name}`;
    if (ITS_OWN.has(name) || made.includes(path)) return [];
    if (look(path)?.isSymbolicLink() === true) return ['--symlink', readlinkSync(path), path];
    // Somebody may take it away meanwhile.
    return ['--ro-bind-try', path, path];
  });
  return {
    first: ['--perms', '0755', '--tmpfs', '/', ...words],
    last: ['--dir', SHOWN_HOME, '--remount-ro', '/'],
  };
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}
