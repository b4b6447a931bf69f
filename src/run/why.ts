/** Who wrote a path: over the whole graph of a run, whether its layers can be put together or not. */

import { StrataError, shellWord } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { displayPath, encodeRoot, whoWrote } from '../tree/index.ts';
import type { Path, Writing } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { parseRunRef } from './ids.ts';
import { layersOfRef } from './run-tree.ts';
import type { RunLayers } from './run-tree.ts';
import { getKnownRun } from './start.ts';
import { mergePolicy } from './task-input.ts';
import type { RunWorld } from './world.ts';

export interface RunPathHistory {
  readonly path: Path;
  /** In order of application. */
  readonly writers: readonly PathWriter[];
  /** The path of the first conflict on the way, if there is one. */
  readonly conflict: Path | undefined;
}

export interface PathWriter extends Pick<Writing, 'kind' | 'mode' | 'digest' | 'part'> {
  readonly task: string;
  readonly step: string;
  /** `TASK` whose save hides this one. */
  readonly by: string | undefined;
}

/** @throws path_not_found if no task has saved it; bad_input for the empty path */
export async function whoWroteInRun(
  { graph, layers, policy, label }: RunLayers,
  path: Path,
  source: ContentSource,
  { signal }: Cancellable = {},
): Promise<RunPathHistory> {
  const given = layers.map(({ task, layer }) => ({ ...layer, writer: task }));
  const options = { policy: mergePolicy(policy, graph), precedes: graph.precedes, signal };
  const { writings, conflictAt } = await whoWrote(source, given, path, options);
  if (writings.length === 0) {
    throw new StrataError('path_not_found', `no task of ${label} has saved ${displayPath(path)}`, {
      hint: `\`strata workspaces ls ${shellWord(label)}\` lists what there is.`,
      details: { path: displayPath(path) },
    });
  }
  const taskOf = (layer: number) => graph.tasks[layers[layer]!.task]!.name;
  return {
    path,
    writers: writings.map(({ layer, by, kind, mode, digest, part }) => ({
      kind,
      mode,
      digest,
      part,
      task: taskOf(layer),
      step: layers[layer]!.layer.stepName,
      by: by === undefined ? undefined : taskOf(by),
    })),
    conflict: conflictAt === undefined ? undefined : path.slice(0, conflictAt),
  };
}

function pathless(shown: string): StrataError {
  return new StrataError('bad_input', `${shown} names no path to ask about`, {
    hint: `\`strata workspaces why ${shellWord(`${shown}:PATH`)}\` tells who wrote it; \`strata workspaces ls ${shellWord(shown)}\` lists what there is.`,
    details: { ref: shown },
  });
}

/** @param ref `RUN[#TASK]:PATH`. @throws as `whoWroteInRun` and `layersOfRef`; run_not_found */
export async function explainRunPath(
  world: RunWorld,
  ref: string,
  options: Cancellable = {},
): Promise<RunPathHistory> {
  const parsed = parseRunRef(ref);
  const { path = [] } = parsed;
  if (path.length === 0) throw pathless(ref.replace(/:$/, ''));
  const known = await getKnownRun(world, parsed.run);
  await using pin = await world.vault.pin(async (query) => {
    const found = await layersOfRef(query, known, parsed);
    return { found, roots: found.layers.map(({ layer }) => encodeRoot(layer.root)) };
  }, options);
  return await whoWroteInRun(pin.found, path, await pin.source(), options);
}
