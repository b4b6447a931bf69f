/** What a task sees of the workspace: the layers of all its ancestors, root first, each once. */

import type { Cancellable } from '../base/index.ts';
import { toHex } from '../base/index.ts';
import type { ConflictPolicy } from '../plan/index.ts';
import { taskDirectory } from '../tree/index.ts';
import type { Conflicts, MergeConflict, MergeOptions, MergePolicy, Root } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import type { Merged, WorkspaceLayer } from '../workspace/index.ts';
import type { Reading } from './reading.ts';
import type { TaskGraph } from './run-graph.ts';
import type { SavedLayer } from './saved-layer.ts';

export interface InputLayer {
  /** Number of the task that saved it. */
  readonly task: number;
  readonly layer: SavedLayer;
}

export type MergedInput =
  | { readonly kind: 'merged'; readonly root: Root; readonly source: ContentSource }
  | ({ readonly kind: 'conflicts' } & NamedConflicts);

export interface NamedConflicts {
  readonly conflicts: Conflicts<NamedConflict>;
  /** As of `mergeTrees`. */
  readonly more: number;
}

/** A conflict with the names of who takes part. */
export interface NamedConflict extends Pick<MergeConflict, 'path'> {
  readonly writers: readonly {
    readonly task: string;
    readonly step: string;
    readonly kind: string;
    readonly mode: number;
    readonly digest: string | undefined;
  }[];
}

export class TaskInput {
  readonly #reading: Reading;
  readonly #graph: TaskGraph;
  readonly #task: number;
  readonly #visible: (task: number) => readonly SavedLayer[];

  /** @param visible the layers of a task that others see */
  constructor(
    reading: Reading,
    graph: TaskGraph,
    task: number,
    visible: (task: number) => readonly SavedLayer[],
  ) {
    this.#reading = reading;
    this.#graph = graph;
    this.#task = task;
    this.#visible = visible;
  }

  /** In the order in which they are applied. @param only of these tasks, by name; undefined: of all ancestors */
  layers(only?: readonly string[]): InputLayer[] {
    return inputLayers(this.#graph, this.#graph.ancestors(this.#task), this.#visible, only);
  }

  merge(
    policy: ConflictPolicy,
    options: Cancellable & { readonly only?: readonly string[] | undefined } = {},
  ): Promise<MergedInput> {
    const merge: Merging = (layers, key, merging) => this.#reading.merge(layers, key, merging);
    return mergeInput(merge, this.#graph, this.layers(options.only), policy, options);
  }

  /** Of all that ancestors have saved; undefined where they disagree. */
  async digest(policy: ConflictPolicy, options: Cancellable = {}): Promise<string | undefined> {
    const merged = await this.merge(policy, options);
    return merged.kind === 'merged' ? toHex(merged.root.tree.digest) : undefined;
  }
}

/** @param tasks root first, as `ancestors` and `order` give them */
export function inputLayers(
  graph: TaskGraph,
  tasks: readonly number[],
  visible: (task: number) => readonly SavedLayer[],
  only?: readonly string[],
): InputLayer[] {
  const chosen = only && new Set(only);
  return tasks
    .filter((task) => chosen?.has(graph.tasks[task]!.name) !== false)
    .flatMap((task) => visible(task).map((layer) => ({ task, layer })));
}

/** @param key the same for equal options */
export type Merging = (
  layers: readonly WorkspaceLayer[],
  key: string,
  options: MergeOptions,
) => Promise<Merged>;

export async function mergeInput(
  merge: Merging,
  graph: TaskGraph,
  layers: readonly InputLayer[],
  policy: ConflictPolicy,
  { signal }: Cancellable,
): Promise<MergedInput> {
  const given = layers.map(({ task, layer }): WorkspaceLayer => ({ ...layer, writer: task }));
  const options = { policy: mergePolicy(policy, graph), precedes: graph.precedes, signal };
  const merged = await merge(given, JSON.stringify(policy), options);
  if (merged.kind === 'merged') return merged;
  const named = ({ path, writers }: MergeConflict): NamedConflict => ({
    path,
    writers: writers.map(({ layer, kind, mode, digest }) => ({
      task: graph.tasks[layers[layer]!.task]!.name,
      step: layers[layer]!.layer.stepName,
      kind,
      mode,
      digest,
    })),
  });
  return { kind: 'conflicts', conflicts: eachOf(merged.conflicts, named), more: merged.more };
}

/** Made when it is asked for: there may be a million. */
function eachOf<From, To>(conflicts: Conflicts<From>, toOther: (conflict: From) => To): Conflicts<To> {
  return {
    length: conflicts.length,
    at(index) {
      const conflict = conflicts.at(index);
      return conflict && toOther(conflict);
    },
    map: (make) => conflicts.map((conflict) => make(toOther(conflict))),
    *[Symbol.iterator]() {
      for (const conflict of conflicts) yield toOther(conflict);
    },
  };
}

export function mergePolicy(policy: ConflictPolicy, graph: TaskGraph): MergePolicy {
  switch (policy.kind) {
    case 'prefer':
      return { kind: 'prefer', writers: policy.tasks.map((name) => graph.numberOf(name)!) };
    case 'separate':
      return { kind: 'separate', directoryOf: (writer) => taskDirectory(graph.tasks[writer]!.name) };
    default:
      return { kind: policy.kind };
  }
}
