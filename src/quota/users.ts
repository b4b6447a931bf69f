/** Which processes have something of a mounted directory: to say it, not to rely on it. */

import { readFileSync, readdirSync, statSync } from 'node:fs';

export interface User {
  readonly pid: number;
  readonly name: string;
}

export function usersOf(directory: string): User[] {
  const device = statSync(directory).dev;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => linksOf(pid).some((link) => deviceOf(link) === device))
    .map((pid) => ({
      pid: Number(pid),
      name: quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '?'),
    }));
}

function linksOf(pid: string): string[] {
  const open = quietly(() => readdirSync(`/proc/${pid}/fd`), []);
  const mapped = quietly(() => readdirSync(`/proc/${pid}/map_files`), []);
  return [
    ...['cwd', 'root', 'exe'].map((name) => `/proc/${pid}/${name}`),
    ...open.map((fd) => `/proc/${pid}/fd/${fd}`),
    ...mapped.map((range) => `/proc/${pid}/map_files/${range}`),
  ];
}

function deviceOf(link: string): number | undefined {
  return quietly(() => statSync(link).dev, undefined);
}

/** Processes end while one looks. */
function quietly<Value>(look: () => Value, otherwise: Value): Value {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
