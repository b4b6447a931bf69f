/** What is mounted where, as the kernel tells this process (proc(5), mountinfo). */

import { readFileSync, realpathSync } from 'node:fs';

import { isBelow } from './path.ts';

export interface Mount {
  readonly path: string;
  /** As in `ext4`. */
  readonly type: string;
  /** As in `/dev/loop3`. */
  readonly source: string;
  /** Of the file system, not of this mount: `ro` as well if the kernel has met damage. */
  readonly options: readonly string[];
}

/** Mounted at a directory or below it, the deepest last. @param path is there */
export function mountsIn(path: string): string[] {
  const real = realpathSync(path);
  return mounts()
    .map((mount) => mount.path)
    .filter((mounted) => isBelow(mounted, real));
}

/** Whether anything is mounted in a directory, however deep; not at it. @param path is there */
export function hasMountsBelow(path: string): boolean {
  const real = realpathSync(path);
  return mounts().some((mount) => mount.path !== real && isBelow(mount.path, real));
}

/** What is mounted at a directory. @param path is there */
export function mountAt(path: string): Mount | undefined {
  const real = realpathSync(path);
  return mounts().findLast((mount) => mount.path === real);
}

/** The one that a directory is on. @param path is there */
export function mountOf(path: string): Mount {
  const real = realpathSync(path);
  const above = mounts().filter((mount) => isBelow(real, mount.path));
  // Of two at one path the later covers the other.
  return above.reduce((best, mount) => (mount.path.length >= best.path.length ? mount : best));
}

/** `36 35 98:0 /root /path rw,noatime shared:1 - ext4 /dev/sda rw,errors=continue`; the words before the dash are more or less. */
function mounts(): Mount[] {
  const lines = readFileSync('/proc/self/mountinfo', 'latin1').split('\n').filter(Boolean);
  return lines.map((line) => {
    const [ours = '', theirs = ''] = line.split(' - ');
    const [type = '', source = '', options = ''] = theirs.split(' ');
    return { path: unescaped(ours.split(' ')[4] ?? ''), type, source, options: options.split(',') };
  });
}

/** Blanks, tabs, newlines and backslashes are told in octal. */
function unescaped(path: string): string {
  const bytes = path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return Buffer.from(bytes, 'latin1').toString();
}
