/** Whether the layers that a restart would take over can still be had: each byte of them is read, so that it is known before anything starts. */

import { isStrataError, throwIfAborted, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { RunTable, TaskTable } from '../db/index.ts';
import { encodeRoot, extentPages, unpackExtents, walk } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import type { TaskGraph } from './run-graph.ts';
import { layersOfRun } from './saved-layer.ts';
import type { SavedLayer } from './saved-layer.ts';
import type { RunWorld } from './world.ts';

/**
 * @param tasks of the run, all of them
 * @param needed numbers of those that are asked about
 * @returns by number why a task cannot be reused, as the end of a sentence
 */
export async function gapsOf(
  world: RunWorld,
  run: RunTable,
  { graph, tasks }: { readonly graph: TaskGraph; readonly tasks: readonly TaskTable[] },
  needed: readonly number[],
  { signal }: Cancellable,
): Promise<Map<number, string>> {
  const { vault } = world;
  const gaps = new Map<number, string>();
  // After its time a run has no layers any more, and no time either.
  const isOver = run.ended !== null && run.expires === null;
  await using pin = await vault.pin(
    async (query) => {
      const found = await layersOfRun(query, run.id);
      return { found, roots: [...found.values()].flat().map(({ root }) => encodeRoot(root)) };
    },
    { signal },
  );
  const layers = pin.found;
  const source = await pin.source();
  const seen = new Set<string>();
  for (const number of needed) {
    const task = tasks[number]!;
    const saves = graph.tasks[number]!.definition.steps.some(({ kind }) => kind === 'save_to_workspace');
    if (isOver && saves && task.status === 'success')
      gaps.set(number, 'the time for which its layers are kept is over');
    for (const layer of layers.get(task.id) ?? []) {
      const gap = await gapOf(source, layer, seen, { signal });
      if (gap !== undefined) gaps.set(number, gap);
    }
  }
  return gaps;
}

/** @param seen chunks that were read already */
async function gapOf(
  source: ContentSource,
  { root, stepName }: SavedLayer,
  seen: Set<string>,
  options: Cancellable,
): Promise<string | undefined> {
  try {
    for await (const { entry } of walk(source, root.tree, options)) {
      if (entry.kind !== 'file') continue;
      for await (const page of extentPages(source, entry, options)) {
        for (const { chunk } of unpackExtents(page)) {
          if (chunk === undefined) continue;
          const key = toHex(chunk);
          if (seen.has(key)) continue;
          seen.add(key);
          throwIfAborted(options.signal);
          await source.chunk(chunk);
        }
      }
    }
    return undefined;
  } catch (error) {
    if (!isStrataError(error, 'integrity')) throw error;
    return `the layer of its step ${JSON.stringify(stepName)} is not whole: ${error.message}`;
  }
}
