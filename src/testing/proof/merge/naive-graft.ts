/** Trees put at places, as maps: one extracted over another, but for directories that only lead to a part. */

import { extractAll, parentOf } from './naive.ts';
import type { Item, Items } from './naive.ts';

export interface NaivePart {
  readonly items: Items;
  readonly at: string;
  readonly mtime: number;
}

function placed({ items, at, mtime }: NaivePart): Items {
  const result = new Map<string, Item>();
  if (at !== '') result.set(at, { kind: 'directory', mode: 0o700, mtime });
  for (let above = parentOf(at); above !== ''; above = parentOf(above))
    result.set(above, { kind: 'directory', mode: 0o755, mtime });
  for (const [path, item] of items) result.set(at === '' ? path : `${at}/${path}`, item);
  return result;
}

export function naiveGraft(parts: readonly NaivePart[]): Items {
  const result = new Map(extractAll(parts.map(placed)));
  // A directory that only leads there yields to one that is there itself, wherever its part stands in the order.
  for (const [path, item] of result) {
    if (item.kind !== 'directory') continue;
    const isMadeUp = parts.findLast((part) => placed(part).has(path))?.at.startsWith(`${path}/`) ?? false;
    const real = isMadeUp ? realOf(path, parts) : undefined;
    if (real !== undefined) result.set(path, real);
  }
  return result;
}

/** The last directory at the path that is there itself, and that nothing has replaced since. */
function realOf(path: string, parts: readonly NaivePart[]): Item | undefined {
  let real: Item | undefined;
  for (const part of parts) {
    const all = placed(part);
    for (let each = path; each !== ''; each = parentOf(each)) {
      const item = all.get(each);
      if (item !== undefined && item.kind !== 'directory') real = undefined;
    }
    const item = all.get(path);
    if (item?.kind === 'directory' && !part.at.startsWith(`${path}/`)) real = item;
  }
  return real;
}
