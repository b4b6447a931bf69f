/** Counting what stands below a directory. */

import { unreachable } from '../base/index.ts';
import type { Entry, Summary } from './entry.ts';
import type { Subtree } from './directory-node.ts';

/** May leave the safe integers; `isSafe` tells. */
export function summarize(items: readonly (Entry | Subtree)[]): Summary {
  const total = { files: 0, directories: 0, symlinks: 0, bytes: 0 };
  for (const item of items) {
    switch (item.kind) {
      case 'file':
        total.files += 1;
        total.bytes += item.size;
        break;
      case 'directory':
        total.directories += 1;
        add(total, item.tree.summary);
        break;
      case 'symlink':
        total.symlinks += 1;
        break;
      case 'whiteout':
        break;
      case 'subtree':
        add(total, item.tree.summary);
        break;
      default:
        unreachable(item);
    }
  }
  return total;
}

function add(total: { -readonly [Count in keyof Summary]: number }, below: Summary): void {
  total.files += below.files;
  total.directories += below.directories;
  total.symlinks += below.symlinks;
  total.bytes += below.bytes;
}

export function isSafe({ files, directories, symlinks, bytes }: Summary): boolean {
  return (
    Number.isSafeInteger(files) &&
    Number.isSafeInteger(directories) &&
    Number.isSafeInteger(symlinks) &&
    Number.isSafeInteger(bytes)
  );
}

export function equalSummaries(a: Summary, b: Summary): boolean {
  return (
    a.files === b.files && a.directories === b.directories && a.symlinks === b.symlinks && a.bytes === b.bytes
  );
}
