/**
 * Groups of processes that the kernel keeps (cgroup v2): whatever a process forks is in its group, and a group is killed at once. There
 * are some where this process may make groups below its own: as root, and where systemd has delegated.
 */

import { mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { errno, sha256, systemError, toHex, utf8 } from '../base/index.ts';
import { KILLED_MS, processState, undying, until } from './processes.ts';
import type { ProcessState } from './processes.ts';

/** Directories looked at for leftovers: far more than a machine has. */
const MOST_DIRECTORIES = 100_000;

/** The group of this process, as a directory. Undefined where there is none, or one that cannot be killed whole (Linux before 5.14). */
function ownCgroup(): string | undefined {
  const mount = mountPoint();
  const path = /^0::(\/.*)$/m.exec(read('/proc/self/cgroup'))?.[1];
  return mount === undefined || path === undefined ? undefined : join(mount, path);
}

/** Where this process may make groups; undefined: nowhere. */
export function usableCgroup(): string | undefined {
  const own = ownCgroup();
  return own !== undefined && mayMakeCgroups(own) ? own : undefined;
}

/** @returns whether groups can be made in it, be entered and killed; finds out by making one */
function mayMakeCgroups(parent: string): boolean {
  const probe = join(parent, `strata-probe-${process.pid}`);
  try {
    mkdirSync(probe);
  } catch {
    return false;
  }
  try {
    writeFileSync(join(probe, 'cgroup.kill'), '1');
    // Whoever moves a process needs rights where it comes from, too: it is moved to where it is.
    writeFileSync(join(parent, 'cgroup.procs'), String(process.pid));
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(probe);
  }
}

/** @param directory of the place; it can be found by it. @returns the group as a directory */
export function makeCgroup(parent: string, directory: string): string {
  const group = join(parent, nameFor(directory));
  try {
    mkdirSync(group);
  } catch (error) {
    throw systemError(error, `make the group of processes ${group}`);
  }
  return group;
}

/** Writing 0 here brings the writer in. */
export function entrance(group: string): string {
  return join(group, 'cgroup.procs');
}

/** Also in the groups that were made below. */
export function processesIn(group: string): ProcessState[] {
  const own = read(entrance(group)).split('\n').filter(Boolean);
  return [
    ...own.flatMap((pid) => processState(Number(pid)) ?? []),
    ...groupsIn(group).flatMap((child) => processesIn(join(group, child))),
  ];
}

/** Kills all that is in it and takes it away, with the groups that were made below. @throws unavailable */
export async function endCgroup(group: string): Promise<void> {
  try {
    writeFileSync(join(group, 'cgroup.kill'), '1');
    const empty = await until(() => !/^populated 1$/m.test(read(join(group, 'cgroup.events'))), KILLED_MS);
    if (!empty) throw undying(read(entrance(group)).split('\n').filter(Boolean).map(Number));
    removeGroups(group);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw error;
  }
}

/** Groups for a place, wherever the process was that made them. */
export function findCgroups(directory: string): string[] {
  const name = nameFor(directory);
  const mount = mountPoint();
  const found: string[] = [];
  const ahead = mount === undefined ? [] : [mount];
  for (let seen = 0; ahead.length > 0 && seen < MOST_DIRECTORIES; seen++) {
    const parent = ahead.pop() ?? '';
    for (const child of groupsIn(parent)) {
      if (child === name) found.push(join(parent, child));
      else ahead.push(join(parent, child));
    }
  }
  return found;
}

function nameFor(directory: string): string {
  return `strata-${toHex(sha256(utf8(directory)).subarray(0, 12))}`;
}

/** Also beside groups of version 1, where it has no controllers and does all we need. */
function mountPoint(): string | undefined {
  const line = /^\S+ \S+ \S+ \/ (\S+) .* - cgroup2 /m.exec(read('/proc/self/mountinfo'));
  return line?.[1];
}

/** They are empty. */
export function removeGroups(group: string): void {
  for (const child of groupsIn(group)) removeGroups(join(group, child));
  rmdirSync(group);
}

function groupsIn(group: string): string[] {
  try {
    const entries = readdirSync(group, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
