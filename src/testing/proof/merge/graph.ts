/** Tasks in some order, and what each of them saved: few names, so that they get into each other's way. */

import type { Chance } from '../chance.ts';
import type { Item, Items, NaiveLayer } from './naive.ts';
import { parentOf } from './naive.ts';

const NAMES = ['a', 'b', 'c', 'a.b', '~'];
const MODES = [0o644, 0o755];
const MAX_DEPTH = 4;

/** More than one node of a directory. */
const MANY = 900;

export interface Graph {
  readonly layers: readonly NaiveLayer[];
  readonly precedes: (a: number, b: number) => boolean;
  readonly tasks: number;
}

export function drawGraph(chance: Chance): Graph {
  const tasks = 1 + chance.below(5);
  const ancestors: Set<number>[] = [];
  const density = 1 + chance.below(4);
  for (let task = 0; task < tasks; task++) {
    const own = new Set<number>();
    for (let parent = 0; parent < task; parent++) {
      if (!chance.once(density)) continue;
      own.add(parent);
      for (const each of ancestors[parent]!) own.add(each);
    }
    ancestors.push(own);
  }
  const isLarge = chance.once(120);
  const large = isLarge ? drawMany(chance) : new Map<string, Item>();
  const layers: NaiveLayer[] = [];
  for (let task = 0; task < tasks; task++)
    for (let step = chance.once(3) ? 2 : 1; step > 0; step--) {
      const like = chance.once(2) ? chance.pick([large, ...layers.map(({ items }) => items)]) : large;
      // A few names between those of whole nodes.
      const items = isLarge && chance.once(3) ? thinned(like, chance) : like;
      layers.push({ writer: task, items: edited(items, chance, isLarge ? 3 : 5) });
    }
  return { layers, tasks, precedes: (a, b) => ancestors[b]!.has(a) };
}

export function drawItems(chance: Chance): Items {
  return edited(new Map(), chance, 8, false);
}

function thinned(items: Items, chance: Chance): Items {
  return new Map([...items].filter(([, { kind }]) => kind === 'directory' || chance.once(200)));
}

function drawMany(chance: Chance): Map<string, Item> {
  const items = new Map<string, Item>();
  const above = chance.once(2) ? '' : 'a/';
  if (above !== '') items.set('a', { kind: 'directory', mode: 0o755, mtime: 1 });
  for (let at = 0; at < MANY; at++)
    items.set(`${above}many ${at}`, { kind: 'file', mode: 0o644, mtime: at, content: `${at % 7}` });
  return items;
}

/** The same tree with some paths saved again, taken out or gone. */
export function edited(items: Items, chance: Chance, edits: number, whiteouts = true): Map<string, Item> {
  const result = new Map(items);
  const remove = (path: string) => {
    for (const each of result.keys()) if (each === path || each.startsWith(`${path}/`)) result.delete(each);
  };
  for (let left = chance.below(edits + 1); left > 0; left--) {
    const known = [...result.keys()];
    const path = known.length > 0 && chance.once(2) ? chance.pick(known) : drawPath(chance, MAX_DEPTH, NAMES);
    const missing: string[] = [];
    for (let above = parentOf(path); above !== ''; above = parentOf(above)) missing.push(above);
    const item = drawItem(chance, whiteouts);
    for (const above of missing.reverse()) {
      if (result.get(above)?.kind === 'directory') continue;
      remove(above);
      result.set(above, { kind: 'directory', mode: chance.pick(MODES), mtime: chance.below(100) });
    }
    if (item === undefined || item.kind !== 'directory') remove(path);
    if (item !== undefined) result.set(path, item);
  }
  return result;
}

function drawPath(chance: Chance, depth: number, names: readonly string[]): string {
  return Array.from({ length: 1 + chance.below(depth) }, () => chance.pick(names)).join('/');
}

function drawItem(chance: Chance, whiteouts: boolean): Item | undefined {
  const mtime = chance.below(100);
  const mode = chance.once(6) ? 0o600 : 0o644;
  const content = `${chance.below(3)}`;
  switch (chance.below(8)) {
    case 0:
      return whiteouts ? { kind: 'whiteout' } : undefined;
    case 1:
      return undefined;
    case 2:
      return { kind: 'symlink', mode: 0o777, mtime, content: chance.pick(['a', '../b']) };
    case 3:
    case 4:
      return { kind: 'directory', mode: chance.pick(MODES), mtime };
    default:
      return { kind: 'file', mode, mtime, content };
  }
}

/** Another order of the same layers that puts ancestors first too, and leaves each task's steps in theirs. */
export function reordered({ layers, precedes, tasks }: Graph, chance: Chance): NaiveLayer[] {
  const left = new Set(Array.from({ length: tasks }, (_, task) => task));
  const result: NaiveLayer[] = [];
  while (left.size > 0) {
    const task = chance.pick([...left].filter((each) => ![...left].some((other) => precedes(other, each))));
    left.delete(task);
    result.push(...layers.filter(({ writer }) => writer === task));
  }
  return result;
}
