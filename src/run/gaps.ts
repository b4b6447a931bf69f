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
  for (const number of needed) {
    const task = tasks[number]!;
    if (isOver && graph.saves(number) && task.status === 'success')
      why.set(number, 'the time for which its layers are kept is over');
    for (const layer of layers.get(task.id) ?? []) {
      const gap = await gapOf(source, layer, look, { signal });
      if (gap !== undefined) why.set(number, gap);
    }
  }
  return { why, objects: look.objects };
}

interface Look {
  /** Chunks that were read already, and what came of it: layers share them. */
  readonly seen: Map<string, unknown>;
  readonly objects: Set<string>;
}

/** Reads on where something is missing: who makes the layer again has to know of all that is. */
async function gapOf(
  source: ContentSource,
  { root, stepName }: SavedLayer,
  { seen, objects }: Look,
  options: Cancellable,
): Promise<string | undefined> {
  let gap: string | undefined;
  const note = (error: unknown) => {
    if (!isStrataError(error, 'integrity')) throw error;
    const { object } = error.details;
    if (typeof object === 'string') objects.add(object);
    gap ??= `the layer of its step ${JSON.stringify(stepName)} is not whole: ${error.message}`;
  };
  try {
    for await (const { entry } of walk(source, root.tree, options)) {
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
  return gap;
}
