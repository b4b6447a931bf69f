/** Scripts in processes of their own: on a small disk, or as somebody else. */

import { spawnSync } from 'node:child_process';

/** Runs the text of a module and returns all that it printed. */
export function runScript(script: string, launcher: readonly string[] = []): string {
  const [command = process.execPath, ...options] = [...launcher, process.execPath, '--input-type=module'];
  const result = spawnSync(command, options, { input: script, encoding: 'utf8' });
  return result.stdout + result.stderr;
}

/**
 * Starts a command where the directory `mount` is a disk of 1 MiB, which is gone with it. Needs `mounts`.
 *
 * @param mount exists
 */
export function onSmallDisk(mount: string): readonly string[] {
  return ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', mount];
}

/** Starts a command as a user without any rights. Needs `user`. */
export const AS_NOBODY: readonly string[] = ['setpriv', '--reuid=65534', '--clear-groups'];
