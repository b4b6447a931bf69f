/** The largest files of a directory, however many there are. */

import type { Cancellable } from '../base/index.ts';
import { displayPath } from '../tree/index.ts';
import { stream } from './program.ts';
import type { BigFile } from './quota.ts';

/** Of `%b`. */
const BLOCK_BYTES = 512;

/** Blocks, device and inode, the path below where it starts. */
const FORMAT = String.raw`%b %D:%i %P\0`;
const RECORD = /^(\d+) (\S+) (.+)$/s;

interface Found {
  readonly blocks: number;
  /** By which hard links are one. */
  readonly inode: string;
  /** One character a byte. */
  readonly path: string;
}

/** Follows no link, stays on one file system, passes over what it may not read. @throws cancelled */
export async function biggestIn(
  directory: string,
  count: number,
  options: Cancellable = {},
): Promise<readonly BigFile[]> {
  const best: Found[] = [];
  let rest = '';
  await stream(['find', '-P', directory, '-xdev', '-type', 'f', '-printf', FORMAT], options, (part) => {
    const records = (rest + part.toString('latin1')).split('\0');
    rest = records.pop() ?? '';
    for (const record of records) {
      const [, blocks, inode, path] = RECORD.exec(record) ?? [];
      if (blocks !== undefined) keep(best, count, { blocks: Number(blocks), inode: inode!, path: path! });
    }
  });
  return best.map(({ blocks, path }) => ({
    path: displayPath(path.split('/').map((name) => Buffer.from(name, 'latin1'))),
    bytes: blocks * BLOCK_BYTES,
  }));
}

/** The largest first; of equal ones the first by path, whatever the order they are found in. */
function keep(best: Found[], count: number, found: Found): void {
  const last = best.at(-1);
  if (count === 0 || (best.length >= count && last !== undefined && compare(last, found) < 0)) return;
  const linked = best.findIndex(({ inode }) => inode === found.inode);
  if (linked >= 0) {
    if (compare(best[linked]!, found) < 0) return;
    best.splice(linked, 1);
  }
  const at = best.findIndex((other) => compare(found, other) < 0);
  best.splice(at < 0 ? best.length : at, 0, found);
  if (best.length > count) best.pop();
}

function compare(a: Found, b: Found): number {
  return b.blocks - a.blocks || (a.path < b.path ? -1 : 1);
}
