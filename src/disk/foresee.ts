/** Writes down what is in a directory, from its end, for a walk that comes from its start. */

import { fstatSync } from 'node:fs';

import { isLarge, lstatAtText, namesIn } from './at.ts';
import { ForeseenWriter } from './foreseen.ts';
import type { ForeseenShare } from './foreseen.ts';
import { lookThrough } from './look-through.ts';

/** As long as there is room for it and somebody wants it. @throws as `lookThrough` */
export function foresee(directory: string, share: ForeseenShare): void {
  const writer = new ForeseenWriter(share);
  lookThrough(directory, (fd, path) => {
    if (writer.isEnded) return undefined;
    const stats = fstatSync(fd);
    // It alone may be more than there is room for.
    if (isLarge(stats)) return [];
    const names = namesIn(fd);
    const seen = names.map((name) => lstatAtText(fd, name));
    if (!writer.add(path, stats, names, seen)) return undefined;
    return names.filter((_, index) => seen[index]?.isDirectory());
  });
}
