/** Merges for tests: layers told as lines, results told as lines. */

import { utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { mergeTrees } from './merge.ts';
import type { Merged } from './merge.ts';
import type { MergeLayer, MergePolicy } from './merge-layer.ts';
import { displayPath } from './path.ts';
import { walk } from './read.ts';
import { plant } from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

/** A file by its number, a link by its target, a directory by what it holds, or what is gone. */
export type Told = number | string | undefined | Plan | { readonly [name: string]: Told };

export const gone = undefined;

export function plansOf(told: { readonly [name: string]: Told }, mtime = 0): Plans {
  return Object.entries(told).map(([name, each]) => [utf8(name), planOf(each, mtime)]);
}

function planOf(told: Told, mtime: number): Plan {
  if (told === undefined) return { kind: 'whiteout' };
  if (typeof told === 'number') return { kind: 'file', mode: 0o644, mtime, chunks: [told] };
  if (typeof told === 'string') return { kind: 'symlink', mode: 0o777, mtime, target: told };
  if ('kind' in told && typeof told.kind === 'string') return told as Plan;
  return {
    kind: 'directory',
    mode: 0o755,
    mtime,
    below: plansOf(told as { readonly [name: string]: Told }, mtime),
  };
}

/** A layer of the writer that it names: `A`, `B`, … */
export type ToldLayer = readonly [writer: string, told: { readonly [name: string]: Told }];

const FIRST = 'A'.charCodeAt(0);

export function writerOf(letter: string): number {
  return letter.charCodeAt(0) - FIRST;
}

/** As in `A<B B<C`, with what follows from it. */
export function orderOf(text: string): (a: number, b: number) => boolean {
  const pairs = text
    .split(' ')
    .filter((each) => each !== '')
    .map((each) => each.split('<').map(writerOf) as [number, number]);
  const precedes = (a: number, b: number): boolean =>
    pairs.some(([one, other]) => one === a && (other === b || precedes(other, b)));
  return precedes;
}

/** Layers in the order of application; each has its place as the time of all that is in it. */
export function layersOf(nodes: MemoryNodes, told: readonly ToldLayer[]): MergeLayer[] {
  return told.map(([writer, items], at) => ({
    root: { mode: 0o755, mtime: at, tree: plant(nodes.sink, plansOf(items, at)) },
    writer: writerOf(writer),
    whiteouts: true,
  }));
}

/** @returns `conflict PATH WRITERS`, or `PATH=…` for all but directories, and for empty ones */
export async function mergeOf(
  told: readonly ToldLayer[],
  order: string,
  policy: MergePolicy,
): Promise<string> {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, told);
  const merged = await mergeTrees(nodes.source, nodes.sink, layers, { policy, precedes: orderOf(order) });
  return toldOf(nodes, layers, merged);
}

export async function toldOf(
  nodes: MemoryNodes,
  layers: readonly MergeLayer[],
  merged: Merged,
): Promise<string> {
  if (merged.kind === 'conflicts')
    return merged.conflicts
      .map(({ path, writers }) => {
        const letters = writers.map(({ layer }) => String.fromCharCode(FIRST + layers[layer]!.writer));
        return `conflict ${displayPath(path)} ${letters.join('')}`;
      })
      .join(', ');
  return linesOf(nodes, merged.root.tree);
}

export async function linesOf(nodes: MemoryNodes, tree: MergeLayer['root']['tree']): Promise<string> {
  const lines: string[] = [];
  for await (const { path, entry } of walk(nodes.source, tree)) {
    const text = displayPath(path);
    if (entry.kind === 'symlink') lines.push(`${text}->${Buffer.from(entry.target).toString()}`);
    else if (entry.kind === 'whiteout') lines.push(`${text} gone`);
    else if (entry.kind === 'file') lines.push(`${text}=${numberOf(entry)}`);
    else if (entry.tree.summary.files + entry.tree.summary.symlinks === 0) lines.push(`${text}/`);
  }
  return lines.join(' ');
}

function numberOf(entry: { readonly size: number }): number {
  // As `plant` makes them: chunk n has n + 1 bytes.
  return entry.size - 1;
}
