/** `save_to_workspace`: one layer with what the task has added, all of it or nothing. */

import { StrataError, counted, formatBytes, utf8 } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { SaveContent, StepDefinition } from '../plan/index.ts';
import type { Path } from '../tree/index.ts';
import { buildLayer } from '../workspace/index.ts';
import type { LayerContent, LayerOptions, LayerTree } from '../workspace/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { StepContext } from './attempt.ts';
import { selectorOf } from './run-graph.ts';
import { since } from './since.ts';
import { savedLayer } from './saved-layer.ts';
import { belowHome } from './working-dir.ts';

/** @throws path_not_found, bad_input, unreadable, file_changed, disk_full, cancelled: then there is no layer */
export async function saveWorkspace(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'save_to_workspace' }>,
): Promise<void> {
  const { world, task, number, given, log, signal } = context;
  const started = world.clock();
  const before = await given.tree(signal);
  let built: LayerTree | undefined;
  const facts = () => ({
    step: number,
    step_name: step.name,
    attempt: task.attempt,
    on_failure: step.on === 'failure' ? (1 as const) : (0 as const),
    whiteouts: built!.whiteouts ? (1 as const) : (0 as const),
    implied: built!.implied,
  });
  const row = await world.layers.save({
    signal,
    build: async (sink) => {
      built = await gather(context, step.contents, sink, { given: before, deletions: step.deletions });
      tellUnmatched(context, step.contents, built);
      if (built.isEmpty) noFiles(context, step.ifNoFiles);
      return built.root;
    },
    onCommit: async (tx, layer) => {
      await tx
        .insertInto('task_layers')
        .values({ ...facts(), task: task.id, layer: layer.id })
        .execute();
    },
  });
  rememberContents(context, step.contents, built!);
  const layer = savedLayer({ ...row, ...facts(), layer: row.id });
  context.saved(layer.bytes);
  context.onLayer(layer);
  const { files, bytes, newBytes } = layer;
  const size = `${formatBytes(bytes)}, of these new ${formatBytes(newBytes)}`;
  log.line(`saved ${counted(files, 'file')}, ${size}, ${since(world, started)}`);
}

/** The directories that a save step names, as a tree. */
export async function gather(
  context: StepContext,
  contents: readonly SaveContent[],
  sink: ContentSink,
  options: LayerOptions,
): Promise<LayerTree> {
  const { place, given, log, signal } = context;
  const open: Below[] = [];
  try {
    const layers = contents.map(({ sourceDir, destDir, paths }): LayerContent => {
      const names = belowHome(context, sourceDir);
      const below = Below.open(place.directory, names);
      open.push(below);
      return {
        directory: below.path,
        shown: sourceDir === '' ? '.' : sourceDir,
        at: namesOf(destDir),
        selectors: paths.includes('**') ? undefined : paths.map((path) => selectorOf([path])),
        memory: given.records(names),
      };
    });
    return await buildLayer(sink, layers, {
      ...options,
      warn: (line) => log.line(`warning: ${line}`),
      signal,
    });
  } finally {
    for (const below of open) below[Symbol.dispose]();
  }
}

/** When a layer is committed: the next save of the same directories reads what has changed since. */
export function rememberContents(
  context: StepContext,
  contents: readonly SaveContent[],
  { records }: LayerTree,
): void {
  for (const [at, { sourceDir }] of contents.entries())
    context.given.remember(belowHome(context, sourceDir), records[at]);
}

function namesOf(destDir: string): Path {
  return destDir
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .map((name) => utf8(name));
}

function tellUnmatched({ log }: StepContext, contents: readonly SaveContent[], { matched }: LayerTree): void {
  for (const [at, { sourceDir, paths }] of contents.entries()) {
    for (const [number, path] of paths.entries()) {
      if (matched[at]?.[number] === false)
        log.line(`warning: nothing in ${sourceDir === '' ? '.' : sourceDir} matches ${path}`);
    }
  }
}

function noFiles({ log }: StepContext, what: 'warn' | 'error' | 'ignore'): void {
  const text = 'there is nothing to save: no path matches, or nothing has changed since the restore';
  if (what === 'warn') log.line(`warning: ${text}`);
  if (what !== 'error') return;
  throw new StrataError('path_not_found', text, {
    hint: 'Check `source_dir` and `paths`; with `if_no_files: warn` an empty layer is saved.',
  });
}
