/** Whether the layers that a restart would take over can still be had: each byte of them is read, so that it is known before anything starts. */

import { isStrataError, throwIfAborted, toHex } from '../base/index.ts';
import type { Cancellable, StrataError } from '../base/index.ts';
import type { RunTable, TaskTable } from '../db/index.ts';
import { encodeRoot, extentPages, unpackExtents, walk } from '../tree/index.ts';
import type { TreeRef } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { TIME_IS_OVER, isExpired } from './retention.ts';
import type { TaskGraph } from './run-graph.ts';
import { layersOfRun } from './saved-layer.ts';
import type { RunWorld } from './world.ts';

export interface Gaps {
  /** By number why a task cannot be reused, as the end of a sentence. */
  readonly why: ReadonlyMap<number, string>;
  /** Names of objects that are missing or damaged. */
  readonly objects: ReadonlySet<string>;
}

/**
 * @param tasks of the run, all of them
 * @param needed numbers of those that are asked about
 */
export async function gapsOf(
  world: RunWorld,
  run: RunTable,
  { graph, tasks }: { readonly graph: TaskGraph; readonly tasks: readonly TaskTable[] },
  needed: readonly number[],
  { signal }: Cancellable,
): Promise<Gaps> {
  const { vault } = world;
  const why = new Map<number, string>();
  const look: Look = { seen: new Map(), objects: new Set() };
  const isOver = isExpired(run);
  await using pin = await vault.pin(
    async (query) => {
      const found = await layersOfRun(query, run.id);
      return { found, roots: [...found.values()].flat().map(({ root }) => encodeRoot(root)) };
    },
    { signal },
  );
  const layers = pin.found;
  const source = await pin.source();
  for (const number of needed) {
    const task = tasks[number]!;
    if (isOver && graph.saves(number) && task.status === 'success') why.set(number, TIME_IS_OVER);
    for (const { root, stepName } of layers.get(task.id) ?? []) {
      const damage = await damageOf(source, root.tree, look, { signal });
      if (damage === undefined) continue;
      why.set(number, `the layer of its step ${JSON.stringify(stepName)} is not whole: ${damage.message}`);
    }
  }
  return { why, objects: look.objects };
}

export interface Look {
  /** Chunks that were read already, and what came of it: layers share them. */
  readonly seen: Map<string, unknown>;
  /** Names of objects that are missing or damaged. */
  readonly objects: Set<string>;
}

/**
 * Reads a tree to its last byte, on where something is missing: who makes it again has to know of all that is.
 *
 * @returns the first damage. @throws what keeps it from being read, and is none
 */
export async function damageOf(
  source: ContentSource,
  tree: TreeRef,
  { seen, objects }: Look,
  options: Cancellable,
): Promise<StrataError | undefined> {
  let damage: StrataError | undefined;
  const note = (error: unknown) => {
    if (!isStrataError(error, 'integrity')) throw error;
    const { object } = error.details;
    if (typeof object === 'string') objects.add(object);
    damage ??= error;
  };
  try {
    for await (const { entry } of walk(source, tree, options)) {
      if (entry.kind !== 'file') continue;
      for await (const page of extentPages(source, entry, options)) {
        for (const { chunk } of unpackExtents(page)) {
          if (chunk === undefined) continue;
          const key = toHex(chunk);
          throwIfAborted(options.signal);
          if (!seen.has(key))
            seen.set(
              key,
              await source.chunk(chunk).then(
                () => undefined,
                (error: unknown) => error,
              ),
            );
          const error = seen.get(key);
          if (error !== undefined) note(error);
        }
      }
    }
  } catch (error) {
    note(error);
  }
  return damage;
}
