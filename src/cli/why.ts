/** `workspaces why` */

import type { Command } from 'commander';

import { utf8 } from '../base/index.ts';
import { displayName, pathJson } from '../tree/index.ts';
import type { Entry } from '../tree/index.ts';
import type { PathChange } from '../workspace/index.ts';
import { counted, formatAge, formatBytes, formatMode, table } from './format.ts';
import { addExamples, addJsonHelp } from './help.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { showRunWhy } from './run-why.ts';
import { entryJson, isoTime } from './shapes.ts';

export function registerWhy(noun: Command, invocation: Invocation): void {
  const why = noun
    .command('why')
    .description('which snapshots changed a path, the newest first; or who wrote it in a run')
    .argument('<name[:path]>', 'the workspace, or RUN[#TASK]; the first : starts a path in it')
    .action((ref: string) => showWhy(invocation, ref));
  addExamples(why, [
    'workspaces why web:package.json',
    'workspaces why web:src',
    'workspaces why run-0123456789ab:out/app',
  ]);
  addJsonHelp(
    why,
    '{path, changes:[{snapshot, created, change, before, after, message}]}. change: "added", "removed",\n' +
      '"changed" or "kind", when a file became a directory or the like; before and after as in ls, null where there was\n' +
      'or is nothing. A snapshot is held against the one before it. Times alone are no change.\n' +
      'Of a run {path, writers:[{task, step, kind, mode, digest, part, by}], conflict}. part: "seen", "equal", "hidden" by\n' +
      'another, "deletes" or "conflict".',
  );
}

async function showWhy(invocation: Invocation, ref: string): Promise<void> {
  const { terminal, world } = invocation;
  // Help is told without it.
  const { namesRun } = await import('../workspace/index.ts');
  if (namesRun(ref)) return showRunWhy(invocation, ref);
  await withEngine(invocation, async ({ workspaces }) => {
    const { path, changes } = await workspaces.why(ref, { signal: world.signal });
    const lines = changeTable(changes, world.clock());
    await terminal.result({ ...pathJson(path), changes: changes.map(changeJson) }, lines, lines);
  });
}

function changeJson({ created, before, after, ...rest }: PathChange): object {
  return {
    ...rest,
    created: isoTime(created),
    before: before === undefined ? null : entryJson(before),
    after: after === undefined ? null : entryJson(after),
  };
}

function changeTable(changes: readonly PathChange[], now: number): string[] {
  const rows = changes.map(({ snapshot, created, change, before, after, message }) => [
    `@${snapshot}`,
    formatAge(created, now),
    change === 'kind' ? 'changed' : change,
    whatHappened(before, after),
    displayName(utf8(message)),
  ]);
  const titles = ['SNAPSHOT', 'SAVED', 'CHANGE', 'WHAT', 'MESSAGE'];
  return table([titles, ...rows], ['right', 'left', 'left', 'left', 'left']);
}

/** What is there now, and what was there before as far as that is different. */
function whatHappened(before: Entry | undefined, after: Entry | undefined): string {
  if (before === undefined || after === undefined) {
    const only = after ?? before;
    return only === undefined ? '' : sizeText(only);
  }
  if (before.kind !== after.kind) return `${before.kind} became ${after.kind}`;
  const parts: string[] = [];
  if (before.mode !== after.mode) parts.push(`${formatMode(before.mode)} became ${formatMode(after.mode)}`);
  const [was, is] = [sizeText(before), sizeText(after)];
  if (was !== is) parts.push(`${was} became ${is}`);
  return parts.length === 0 ? is : parts.join(', ');
}

function sizeText(entry: Entry): string {
  switch (entry.kind) {
    case 'file':
      return formatBytes(entry.size);
    case 'symlink':
      return `-> ${displayName(entry.target)}`;
    case 'directory':
      return `${counted(entry.tree.summary.files, 'file')}, ${formatBytes(entry.tree.summary.bytes)}`;
    case 'whiteout':
      return entry.kind;
  }
}
