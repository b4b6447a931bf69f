/** `save_to_workspace`: one layer with what the task has added, all of it or nothing. */

import { StrataError, counted, formatBytes, isStrataError, utf8 } from '../base/index.ts';
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

/** @throws path_not_found as `if_no_files` has it; bad_input, unreadable, file_changed, disk_full, cancelled: then there is no layer */
export async function saveWorkspace(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'save_to_workspace' }>,
): Promise<void> {
  const { world, task, number, given, log, signal } = context;
  const started = world.clock();
  const before = await given.tree(signal);
  const contents = whatIsThere(context, step);
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
      built = await gather(context, contents, sink, { given: before, deletions: step.deletions });
      tellNothing(context, step.ifNoFiles, unmatched(contents, built), built.isEmpty);
      return built.root;
    },
    onCommit: async (tx, layer) => {
      await tx
        .insertInto('task_layers')
        .values({ ...facts(), task: task.id, layer: layer.id })
        .execute();
    },
  });
  rememberContents(context, contents, built!);
  const layer = savedLayer({ ...row, ...facts(), layer: row.id });
  context.saved(layer.bytes);
  context.onLayer(layer);
  const { files, bytes, newBytes } = layer;
  const size = `${formatBytes(bytes)}, of these new ${formatBytes(newBytes)}`;
  log.line(`saved ${counted(files, 'file')}, ${size}, ${since(world, started)}`);
}

/** With `ignore` what is missing is left out, in what is saved as gone too: with a name that is mistyped, all that is at its place would go. */
function whatIsThere(
  context: StepContext,
  { contents, ifNoFiles }: Extract<StepDefinition, { kind: 'save_to_workspace' }>,
): readonly SaveContent[] {
  if (ifNoFiles !== 'ignore') return contents;
  const { directory } = context.place;
  return contents.filter(({ sourceDir }) => {
    try {
      Below.open(directory, belowHome(context, sourceDir))[Symbol.dispose]();
      return true;
    } catch (error) {
      if (!isStrataError(error, 'path_not_found')) throw error;
      // That of the task is another matter.
      Below.open(directory, [])[Symbol.dispose]();
      return false;
    }
  });
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
        shown: shownDirectory(sourceDir),
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

function shownDirectory(sourceDir: string): string {
  return sourceDir === '' ? '.' : sourceDir;
}

/** In sentences. */
function unmatched(contents: readonly SaveContent[], { matched }: LayerTree): string[] {
  return contents.flatMap(({ sourceDir, paths }, at) =>
    paths
      .filter((_, number) => matched[at]?.[number] === false)
      .map((path) => `nothing in ${shownDirectory(sourceDir)} matches ${path}`),
  );
}

/** @param reasons in sentences. @throws path_not_found if there has to be something */
function tellNothing(
  { log }: StepContext,
  what: 'warn' | 'error' | 'ignore',
  reasons: readonly string[],
  isEmpty: boolean,
): void {
  if (what === 'ignore') return;
  if (what === 'warn' && isEmpty) {
    const why =
      reasons.length > 0 ? reasons.join('; ') : 'nothing is there, or nothing has changed since the restore';
    return log.line(`warning: there is nothing to save: ${why}`);
  }
  for (const reason of reasons) log.line(`warning: ${reason}`);
  if (!isEmpty) return;
  throw new StrataError(
    'path_not_found',
    'there is nothing to save: no path matches, or nothing has changed since the restore',
    { hint: 'Check `source_dir` and `paths`; with `if_no_files: warn` an empty layer is saved.' },
  );
}
