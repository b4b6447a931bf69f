/** Counting what stands below a directory. */

import { unreachable } from '../base/index.ts';
import type { Entry, Summary } from './entry.ts';
import type { Subtree } from './directory-node.ts';

/** May leave the safe integers; `isSafe` tells. */
export function summarize(items: readonly (Entry | Subtree)[]): Summary {
  const total = { files: 0, directories: 0, symlinks: 0, bytes: 0 };
  const add = (below: Summary) => {
    total.files += below.files;
    total.directories += below.directories;
    total.symlinks += below.symlinks;
    total.bytes += below.bytes;
  };
  for (const item of items) {
    switch (item.kind) {
      case 'file':
        total.files += 1;
        total.bytes += item.size;
        break;
      case 'directory':
        total.directories += 1;
        add(item.tree.summary);
        break;
      case 'symlink':
        total.symlinks += 1;
        break;
      case 'whiteout':
        break;
      case 'subtree':
        add(item.tree.summary);
        break;
      default:
        unreachable(item);
    }
  }
  return total;
}

export function isSafe(summary: Summary): boolean {
  return [summary.files, summary.directories, summary.symlinks, summary.bytes].every(Number.isSafeInteger);
}

export function equalSummaries(a: Summary, b: Summary): boolean {
  return (
    a.files === b.files && a.directories === b.directories && a.symlinks === b.symlinks && a.bytes === b.bytes
  );
}
