/**
 * What a sandbox shows of this machine, as arguments of bubblewrap. Shallow paths come before deep ones, so each path shows what was said of
 * the nearest directory above it.
 */

import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';

import { StrataError, isBelow } from '../base/index.ts';
import { SHOWN_HOME } from './environment.ts';
import type { ShownDirectory } from './executor.ts';
import { missingTop, rootFor } from './root.ts';
import { KEPT_APART, refusal } from './shown.ts';

export interface MachineView {
  /** Absolute paths that can be written to, at their own place. */
  readonly bind: readonly string[];
  /** Directories and files of which commands see nothing, even inside of `bind`. */
  readonly hidden: readonly string[];
  /** Directories that are empty for commands, except for what `bind` shows of them. */
  readonly emptied: readonly string[];
}

/**
 * Not only files are seen through a file system: a socket in it can be connected to, though it is read-only, and in /run are those of
 * services that act for root. The homes are where keys are.
 */
const EMPTIED = ['/tmp', '/var/tmp', '/run', '/home', '/root'];

type Entry = { readonly path: string; readonly words: readonly string[]; readonly shows: boolean };

/**
 * @param shown besides, wherever they come from
 * @throws bad_input, not_found for what cannot be bound or shown
 */
export function mountArguments(view: MachineView, shown: readonly ShownDirectory[] = []): string[] {
  const hidden = view.hidden.flatMap(realPath);
  const bind = view.bind.flatMap(realPath);
  const emptied = [...EMPTIED, ...view.emptied].flatMap(realPath).filter(notRoot);
  const machine: Entry[] = [
    ...emptied.map(empty),
    ...view.bind.map((path) => bound(path, hidden)),
    ...hidden.map(hide),
    ...nameResolution(),
  ];
  const entries = [
    // Nothing of the machine is inside of what is shown. A mount there would make its directory in the source.
    ...machine.filter(({ path }) => !shown.some(({ at }) => isBelow(path, at))),
    ...shown.map((each) => besides(each, bind, [...hidden, ...emptied])),
  ];
  // Of one path the last word counts: what is hidden stays hidden, unless something else is shown there.
  const byPath = [...new Map(entries.map((entry) => [entry.path, entry])).values()];
  byPath.sort((a, b) => depth(a.path) - depth(b.path));
  const words: string[] = [];
  const made: string[] = [];
  for (const [at, entry] of byPath.entries()) {
    const above = byPath.slice(0, at).findLast(({ path }) => isBelow(entry.path, path));
    // An empty directory shows nothing that would have to be hidden.
    if (above === undefined || above.shows || entry.shows) words.push(...entry.words);
    const isShown = shown.some((each) => each.at === entry.path);
    // In an empty directory a path can be made.
    if (isShown && (above === undefined || above.shows || !isDirectory(above.path)))
      made.push(...missingTop(entry.path));
  }
  const { first, last } = rootFor(made);
  return [...first, '--dev', '/dev', '--proc', '/proc', ...coveredProc(), ...words, ...last];
}

function bound(path: string, hidden: readonly string[]): Entry {
  const [real] = realPath(path);
  const refuse = (code: 'bad_input' | 'not_found', reason: string, hint: string) =>
    new StrataError(code, `cannot bind ${path} into the sandbox: ${reason}`, { hint, details: { path } });
  if (!path.startsWith('/')) throw refuse('bad_input', 'it is not absolute', 'Give the whole path.');
  if (real === undefined) throw refuse('not_found', 'it is not there', 'Make it, or check the path.');
  const narrower = 'Bind a directory that is not one of those, as deep down as will do.';
  if (
    KEPT_APART.some((kept) => isBelow(real, kept)) ||
    isBelow(SHOWN_HOME, real) ||
    isBelow(real, SHOWN_HOME)
  )
    throw refuse('bad_input', 'the sandbox has its own there', narrower);
  const secret = hidden.find((each) => isBelow(real, each));
  if (secret !== undefined) throw refuse('bad_input', `${secret} is hidden from commands`, narrower);
  return { path: real, words: ['--bind', real, real], shows: true };
}

/**
 * @param bind by real paths, as `unseen`
 * @param unseen what commands shall not see of the machine; a source may be inside of it, but not show it
 */
function besides({ source, at }: ShownDirectory, bind: readonly string[], unseen: readonly string[]): Entry {
  const secret = unseen.find((each) => isBelow(each, source));
  if (secret !== undefined) {
    const hint = 'Show a directory that has nothing hidden in it.';
    throw refusal(source, `${secret} is hidden from commands`, hint);
  }
  // While bubblewrap starts, a command could put a link in its place.
  const writable = bind.find((each) => each !== source && isBelow(source, each));
  if (writable !== undefined)
    throw refusal(source, `commands can write to ${writable}`, 'Keep it out of what is bound.');
  const other = bind.find((each) => isBelow(each, at));
  if (other !== undefined)
    throw refusal(at, `the sandbox shows ${other} there`, 'Show it somewhere else, or do not bind that.');
  return { path: at, words: ['--bind', source, at], shows: true };
}

function empty(path: string): Entry {
  return { path, words: ['--perms', path.endsWith('tmp') ? '1777' : '0755', '--tmpfs', path], shows: false };
}

function hide(path: string): Entry {
  if (isDirectory(path)) return empty(path);
  // As a device where devices do not work, it cannot even be opened.
  return { path, words: ['--ro-bind', '/dev/null', path], shows: false };
}

/** Where /etc/resolv.conf leads into /run, names of other machines would not be found. */
function nameResolution(): Entry[] {
  const [real = '/etc'] = realPath('/etc/resolv.conf');
  return isBelow(real, '/run') ? [{ path: real, words: ['--ro-bind', real, real], shows: true }] : [];
}

/**
 * A fresh /proc has all settings of the kernel, and to write many of them takes no rights but those of root as an owner: `core_pattern` names
 * a program that the kernel starts *outside*. All that is none of a process and may be written is made read-only.
 */
function coveredProc(): string[] {
  return readdirSync('/proc').flatMap((name) => {
    const path = `/proc/${name}`;
    if (/^\d+$/.test(name)) return [];
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const writable =
      stats?.isDirectory() === true || (stats?.isFile() === true && (stats.mode & 0o222) !== 0);
    return writable ? ['--ro-bind', path, path] : [];
  });
}

/** None for what is not there. */
function realPath(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function notRoot(path: string): boolean {
  return path !== '/';
}

function depth(path: string): number {
  return path.split('/').length;
}
