/** Whether a file system can have as many files as a tree has. */

import { closeSync, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

import { StrataError } from '../base/index.ts';
import type { Summary } from '../tree/index.ts';
import { openDirectory } from './at.ts';
import { leftBeside } from './staging.ts';
import type { Target } from './target.ts';

/**
 * A tree of some kilobytes may hold more entries than can ever be visited, since equal directories are kept once. Their number
 * stands in its summary, and whoever reads the tree finds out at the first node if that is not true.
 *
 * @param chosen what is chosen of the tree
 * @throws disk_full if there are more of them than the file system has room for, where it knows that
 */
export function checkRoom(chosen: Summary, target: Target): void {
  const { path, existing } = target;
  const needed = chosen.files + chosen.directories + chosen.symlinks;
  const { files, ffree } = statfsSync(
    existing === undefined ? nearest(target.parent) : `/proc/self/fd/${existing.fd}`,
  );
  // Some file systems make room for a file only with the file, and know no number.
  if (files === 0 || needed <= ffree) return;
  const room = mayReuse(target) ? files : ffree;
  if (needed <= room) return;
  throw new StrataError(
    'disk_full',
    `the tree has ${needed} files, directories and links, and the file system of ${path} has room for ${room}`,
    {
      hint: 'Nothing was written. Restore to another file system, or only a part of the tree.',
      details: { needed, room },
    },
  );
}

/** Whether what is there may be some of the same files, or goes first because a dead restore has left it. */
function mayReuse({ parent, existing }: Target): boolean {
  if (existing !== undefined && (!existing.empty || existing.leftovers.length > 0)) return true;
  if (existing?.replaceable === false || !existsSync(parent)) return false;
  const fd = openDirectory(parent);
  try {
    return leftBeside(fd, Date.now()).length > 0;
  } finally {
    closeSync(fd);
  }
}

/** The lowest directory on the way that is there. */
function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}
