/** Trees as maps from paths to what stands there, and what becomes of them, one path at a time: nothing shared, nothing skipped. */

export type Item =
  | {
      readonly kind: 'file' | 'symlink';
      readonly mode: number;
      readonly mtime: number;
      readonly content: string;
    }
  | { readonly kind: 'directory'; readonly mode: number; readonly mtime: number }
  | { readonly kind: 'whiteout' };

/** By path; every directory has its own line, the root has none. */
export type Items = ReadonlyMap<string, Item>;

export interface NaiveLayer {
  readonly writer: number;
  readonly items: Items;
}

export type NaivePolicy =
  | { readonly kind: 'fail' | 'fail-any' | 'override' | 'separate' }
  | { readonly kind: 'prefer'; readonly writers: readonly number[] };

export type NaiveMerged =
  | { readonly items: Items }
  | { readonly conflicts: readonly (readonly [string, readonly number[]])[] };

export function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** Parents before children. */
export function byDepth(paths: Iterable<string>): string[] {
  const depth = (path: string) => path.split('/').length;
  return [...paths].toSorted((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
}

function same(a: Item, b: Item): boolean {
  if (a.kind === 'whiteout' || b.kind === 'whiteout') return a.kind === b.kind;
  if (a.kind === 'directory' || b.kind === 'directory') return a.kind === b.kind;
  return a.kind === b.kind && a.mode === b.mode && a.content === b.content;
}

export function naiveMerge(
  layers: readonly NaiveLayer[],
  policy: NaivePolicy,
  precedes: (a: number, b: number) => boolean,
): NaiveMerged {
  if (policy.kind === 'separate') return { items: separate(layers) };
  const result = new Map<string, Item>();
  const conflicts: [string, number[]][] = [];
  // Which layers have a part in the directory that is at a path.
  const parts = new Map<string, number[]>([['', layers.map((_, layer) => layer)]]);
  for (const path of byDepth(new Set(layers.flatMap(({ items }) => [...items.keys()])))) {
    const have = (parts.get(parentOf(path)) ?? []).filter((layer) => layers[layer]!.items.has(path));
    const at = (layer: number) => layers[layer]!.items.get(path)!;
    const writers = [...new Set(have.map((layer) => layers[layer]!.writer))];
    const saves = (writer: number) => have.filter((layer) => layers[layer]!.writer === writer);
    const last = (writer: number) => saves(writer).at(-1)!;
    const isDirectory = (layer: number) => at(layer).kind === 'directory';
    const isGone = (layer: number) => at(layer).kind === 'whiteout';

    const remaining = writers.filter((writer) =>
      writers
        .filter((other) => precedes(writer, other))
        .every((other) => {
          if (saves(other).some(isGone)) return false;
          return policy.kind !== 'override' || (saves(other).every(isDirectory) && isDirectory(last(writer)));
        }),
    );
    const clash = (a: number, b: number): boolean => {
      if (isGone(last(a)) && isGone(last(b))) return false;
      if (isGone(last(a))) return !precedes(a, b);
      if (isGone(last(b))) return !precedes(b, a);
      if (isDirectory(last(a)) && isDirectory(last(b))) return false;
      return policy.kind === 'fail-any' || !same(at(last(a)), at(last(b)));
    };
    let winners = remaining;
    if (remaining.some((a) => remaining.some((b) => a !== b && clash(a, b)))) {
      const preferred =
        policy.kind === 'prefer' ? policy.writers.find((one) => remaining.includes(one)) : undefined;
      if (preferred === undefined) {
        conflicts.push([path, remaining.map(last).toSorted((a, b) => a - b)]);
        winners = remaining.filter((writer) => isDirectory(last(writer)));
      } else if (isDirectory(last(preferred))) {
        winners = remaining.filter((writer) => isDirectory(last(writer)));
      } else {
        winners = [preferred];
      }
    }
    const standing = winners
      .filter((writer) => !isGone(last(writer)))
      .flatMap((writer) =>
        saves(writer).slice(saves(writer).findLastIndex((layer) => !isDirectory(layer)) + 1),
      )
      .concat(winners.filter((writer) => !isGone(last(writer)) && !isDirectory(last(writer))).map(last));
    const top = Math.max(-1, ...standing);
    if (top === -1) continue;
    result.set(path, at(top));
    if (isDirectory(top))
      parts.set(
        path,
        standing.filter(isDirectory).toSorted((a, b) => a - b),
      );
  }
  return conflicts.length > 0
    ? { conflicts: conflicts.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))) }
    : { items: result };
}

/** As archives are extracted one over another. */
export function extractAll(all: readonly Items[]): Items {
  const files = new Map<string, Item>();
  const remove = (path: string) => {
    for (const each of files.keys()) if (each === path || each.startsWith(`${path}/`)) files.delete(each);
  };
  for (const items of all) {
    for (const path of byDepth(items.keys())) {
      const item = items.get(path)!;
      if (item.kind !== 'directory' || files.get(path)?.kind !== 'directory') remove(path);
      if (item.kind !== 'whiteout') files.set(path, item);
    }
  }
  return files;
}

function separate(layers: readonly NaiveLayer[]): Items {
  const result = new Map<string, Item>();
  for (const writer of new Set(layers.map((layer) => layer.writer))) {
    const own = layers.filter((layer) => layer.writer === writer);
    result.set(`t${writer}`, { kind: 'directory', mode: 0o755, mtime: 0 });
    for (const [path, item] of extractAll(own.map(({ items }) => items)))
      result.set(`t${writer}/${path}`, item);
  }
  return result;
}

/** What is in `saved` and not, or not so, in `given`. */
export function naiveDelta(saved: Items, given: Items, deletions: boolean): Items {
  const delta = new Map<string, Item>();
  const keep = (path: string, item: Item) => {
    delta.set(path, item);
    for (let above = parentOf(path); above !== ''; above = parentOf(above))
      delta.set(above, saved.get(above)!);
  };
  for (const [path, item] of saved) {
    const before = given.get(path);
    if (before === undefined || !same(item, before)) keep(path, item);
    else if (item.kind === 'directory' && before.kind === 'directory' && item.mode !== before.mode)
      keep(path, item);
  }
  if (!deletions) return delta;
  for (const path of given.keys()) {
    const above = parentOf(path);
    // Of what is gone only the top is told, and nothing below what is no directory any more.
    if (!saved.has(path) && (above === '' || saved.get(above)?.kind === 'directory'))
      keep(path, { kind: 'whiteout' });
  }
  return delta;
}

/** What any of the patterns matches, with all that is in it, and the directories that lead there. */
export function naiveSelection(items: Items, patterns: readonly ReadonlySet<string>[]): Items {
  const selection = new Map<string, Item>();
  for (const path of items.keys()) {
    let isIn = false;
    for (let each = path; each !== ''; each = parentOf(each)) isIn ||= patterns.some((one) => one.has(each));
    if (!isIn) continue;
    for (let each = path; each !== ''; each = parentOf(each)) selection.set(each, items.get(each)!);
  }
  return selection;
}
