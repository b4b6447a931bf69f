/** Proof row: merges, deltas and selections of trees answer as maps of paths would. */

import { isDeepStrictEqual } from 'node:util';

import { toHex } from '../../../base/index.ts';
import {
  displayPath,
  graft,
  lookup,
  mergeConflicts,
  mergeTrees,
  parsePath,
  selectTree,
  subtract,
  taskDirectory,
  whoWrote,
} from '../../../tree/index.ts';
import type { MergeLayer, MergeOptions, Merged, Root, Selector, TreeRef } from '../../../tree/index.ts';
import { MemoryNodes } from '../../memory-nodes.ts';
import { Chance } from '../chance.ts';
import type { ProofRow, ProofRun } from '../row.ts';
import { drawGraph, drawItems, edited, reordered } from './graph.ts';
import type { Graph } from './graph.ts';
import { extractAll, naiveDelta, naiveMerge, naiveSelection } from './naive.ts';
import type { Items, NaiveLayer, NaiveMerged, NaivePolicy } from './naive.ts';
import { naiveGraft } from './naive-graft.ts';
import { linesOf, linesOfTree, plantItems, withoutOrder } from './planted.ts';

export const merge: ProofRow = {
  name: 'merge',
  claim:
    'A merge of the layers of any tasks, under each policy, is what the rules say path by path, or names every conflict; so are deltas and selections.',
  unit: 'graphs',
  planted: 'a whiteout that hides what unordered tasks wrote',
  perCommit: 1000,
  async open(): Promise<ProofRun> {
    return {
      async run(seed) {
        try {
          return { count: 1, hit: await new Case(seed).run() };
        } catch (error) {
          const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
          throw new Error(`seed ${seed}: ${told}`, { cause: error });
        }
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

class Case {
  readonly #chance: Chance;
  readonly #nodes = new MemoryNodes();
  readonly #hit = new Set<string>();

  constructor(seed: number) {
    this.#chance = new Chance(seed);
  }

  async run(): Promise<string[]> {
    const graph = drawGraph(this.#chance);
    const writers = this.#chance.once(2) ? [this.#chance.below(graph.tasks)] : [3, 1, 0];
    const policies: NaivePolicy[] = [
      { kind: 'fail' },
      { kind: 'fail-any' },
      { kind: 'override' },
      { kind: 'prefer', writers },
      { kind: 'separate' },
    ];
    for (const policy of policies) await this.#merges(graph, policy);
    await this.#chain(graph);
    await this.#delta();
    await this.#selection();
    return [...this.#hit];
  }

  async #merges(graph: Graph, policy: NaivePolicy): Promise<void> {
    const { layers, precedes } = graph;
    const expected = naiveMerge(layers, policy, precedes);
    const planted = this.#plant(layers);
    const options = optionsOf(policy, precedes);
    const found = await mergeTrees(this.#nodes.source, this.#nodes.sink, planted, options);
    this.#hit.add(`${policy.kind}: ${found.kind}`);
    same(await this.#told(found, policy), toldOf(expected, policy), `merge, ${policy.kind}`);
    const alone = await mergeConflicts(this.#nodes.source, planted, options);
    const wanted = found.kind === 'merged' ? { conflicts: [], more: 0 } : found;
    same(listed(alone), listed(wanted), 'conflicts alone');
    await this.#who(layers, planted, options, found);

    const others = this.#plant(reordered(graph, this.#chance));
    const other = await mergeTrees(this.#nodes.source, this.#nodes.sink, others, options);
    same(other.kind, found.kind, 'another order of layers');
    if (other.kind !== 'merged' || found.kind !== 'merged') return;
    const [one, two] = [found, other].map(({ root }) => linesOfTree(this.#nodes.source, root.tree));
    same(withoutOrder(await two!), withoutOrder(await one!), 'another order of layers');
  }

  async #who(
    layers: readonly NaiveLayer[],
    planted: readonly MergeLayer[],
    options: MergeOptions,
    merged: Merged,
  ): Promise<void> {
    const paths = [...new Set(layers.flatMap(({ items }) => [...items.keys()]))];
    if (paths.length === 0) return;
    const path = this.#chance.pick(paths);
    const asked = options.policy?.kind === 'separate' ? `t${layers[0]!.writer}/${path}` : path;
    const { writings, conflictAt } = await whoWrote(this.#nodes.source, planted, parsePath(asked), options);
    const having = layers.flatMap(({ items, writer }, layer) =>
      items.has(path) && (options.policy?.kind !== 'separate' || writer === layers[0]!.writer) ? [layer] : [],
    );
    same(
      writings.map(({ layer }) => layer),
      having,
      `who wrote ${path}`,
    );
    for (const { part } of writings) this.#hit.add(`why: ${part}`);
    if (merged.kind === 'conflicts') {
      const conflict = [...merged.conflicts].find((each) => displayPath(each.path) === path);
      const told = writings.filter(({ part }) => part === 'conflict').map(({ layer }) => layer);
      const last = (layer: number) =>
        !told.some((each) => each > layer && layers[each]!.writer === layers[layer]!.writer);
      same(told.filter(last), conflict?.writers.map(({ layer }) => layer) ?? [], `who conflicts at ${path}`);
      if (conflict !== undefined) same(conflictAt !== undefined, true, 'a conflict on the way');
      return;
    }
    same(conflictAt, undefined, `no conflict on the way to ${path}`);
    const entry = await lookup(this.#nodes.source, merged.root.tree, parsePath(asked));
    const seen = writings.findLast(({ part }) => part === 'seen');
    same(seen?.kind, entry?.kind, `what is seen at ${path}`);
    if (entry !== undefined && entry.kind !== 'directory')
      same(seen?.mode, entry.mode, `the mode of ${path}`);
    for (const { part, by, kind } of writings) {
      // What was deleted in the same task has nobody else to blame.
      if (part === 'hidden' && by === undefined) same(kind, 'never', `who hides ${path}`);
    }
  }

  /** Tasks that follow one another, with the later one winning, are archives extracted one over another. */
  async #chain({ layers }: Graph): Promise<void> {
    const found = await mergeTrees(this.#nodes.source, this.#nodes.sink, this.#plant(layers), {
      policy: { kind: 'override' },
      precedes: (a, b) => a < b,
    });
    if (found.kind !== 'merged') throw new Error('a chain is in conflict');
    const expected = extractAll(layers.map(({ items }) => items));
    same(await linesOfTree(this.#nodes.source, found.root.tree), linesOf(expected), 'a chain');
  }

  async #delta(): Promise<void> {
    const { source, sink } = this.#nodes;
    const given = drawItems(this.#chance);
    const saved = this.#chance.once(3) ? drawItems(this.#chance) : edited(given, this.#chance, 4, false);
    const [before, after] = [plantItems(sink, given), plantItems(sink, saved)];
    for (const deletions of [false, true]) {
      const delta = await subtract(source, sink, after, before, { deletions });
      const expected = naiveDelta(saved, given, deletions);
      same(await linesOfTree(source, delta.tree), linesOf(expected), 'a delta');
      same(delta.changes > 0, expected.size > 0, 'whether there are changes');
      const gone = [...expected.values()].filter(({ kind }) => kind === 'whiteout').length;
      same(delta.whiteouts, gone, 'how many whiteouts');
      if (!deletions) continue;
      const layers = [before, delta.tree].map((tree, writer) => ({
        root: rootOf(tree),
        writer,
        whiteouts: writer > 0,
      }));
      const options: MergeOptions = { policy: { kind: 'override' }, precedes: (a, b) => a < b };
      const merged = await mergeTrees(source, sink, layers, options);
      if (merged.kind !== 'merged') throw new Error('a delta is in conflict with what it was made of');
      same(toHex(merged.root.tree.digest), toHex(after.digest), 'a delta over what was given');
      this.#hit.add('delta');
    }
  }

  async #selection(): Promise<void> {
    const { source, sink } = this.#nodes;
    const items = drawItems(this.#chance);
    const paths = [...items.keys(), 'a', 'b/c'];
    const patterns = Array.from(
      { length: this.#chance.below(4) },
      () => new Set(Array.from({ length: this.#chance.below(3) }, () => this.#chance.pick(paths))),
    );
    const tree = plantItems(sink, items);
    const { tree: selected, matched } = await selectTree(source, sink, tree, patterns.map(selectorOf));
    const expected = naiveSelection(items, patterns);
    same(await linesOfTree(source, selected), linesOf(expected), 'a selection');
    same(
      matched,
      patterns.map((pattern) => [...pattern].some((path) => items.has(path))),
      'what matched',
    );
    await this.#graft(expected, selected);
  }

  async #graft(items: Items, tree: TreeRef): Promise<void> {
    const { source, sink } = this.#nodes;
    const others = drawItems(this.#chance);
    const parts = [
      { items, tree },
      { items: others, tree: plantItems(sink, others) },
    ].map((part, at) => ({ ...part, mtime: at + 5, at: this.#chance.pick(['', 'a', 'a/b', 'x/y/z']) }));
    const root = await graft(
      source,
      sink,
      parts.map((part) => ({
        root: { mode: 0o700, mtime: part.mtime, tree: part.tree },
        at: parsePath(part.at),
      })),
    );
    const expected = naiveGraft(parts);
    same(await linesOfTree(source, root.tree), linesOf(expected), 'a graft');
    this.#hit.add('graft');
  }

  #plant(layers: readonly NaiveLayer[]): MergeLayer[] {
    return layers.map(({ writer, items }) => {
      const has = [...items.values()].some(({ kind }) => kind === 'whiteout');
      const root = rootOf(plantItems(this.#nodes.sink, items));
      return { root, writer, whiteouts: has || this.#chance.once(3) };
    });
  }

  async #told(merged: Merged, policy: NaivePolicy): Promise<unknown> {
    if (merged.kind === 'conflicts')
      return merged.conflicts.map(({ path, writers }) => [
        displayPath(path),
        writers.map(({ layer }) => layer),
      ]);
    return shown(await linesOfTree(this.#nodes.source, merged.root.tree), policy);
  }
}

function optionsOf(policy: NaivePolicy, precedes: MergeOptions['precedes']): MergeOptions {
  if (policy.kind === 'separate')
    return { policy: { kind: 'separate', directoryOf: (writer) => taskDirectory(`t${writer}`) }, precedes };
  return { policy: policy as NonNullable<MergeOptions['policy']>, precedes };
}

function toldOf(expected: NaiveMerged, policy: NaivePolicy): unknown {
  return 'items' in expected ? shown(linesOf(expected.items), policy) : expected.conflicts;
}

function shown(lines: readonly string[], { kind }: NaivePolicy): readonly string[] {
  return kind === 'separate' ? lines.map((line) => line.replace(/^(t\d) directory .*/, '$1')) : lines;
}

function listed({ conflicts, more }: Pick<Merged & { kind: 'conflicts' }, 'conflicts' | 'more'>): unknown {
  return { conflicts: [...conflicts], more };
}

function rootOf(tree: TreeRef): Root {
  return { mode: 0o755, mtime: 0, tree };
}

/** Matches these paths alone. */
function selectorOf(paths: ReadonlySet<string>): Selector {
  return (path, isDirectory) => {
    if (paths.has(path)) return 'all';
    return isDirectory && [...paths].some((each) => each.startsWith(`${path}/`)) ? 'enter' : 'none';
  };
}

function same(found: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`${what}: found ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}
