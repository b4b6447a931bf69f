/** A workspace that cannot be merged, told with all that is needed to change it. */

import { StrataError } from '../base/index.ts';
import { displayPath, pathJson, pathText } from '../tree/index.ts';
import type { NamedConflict, NamedConflicts } from './task-input.ts';

/** Conflicts that stand in the message itself; `details` has them all. */
const TOLD = 10;

/** @param where as in `the workspace of build`. */
export function workspaceConflict({ conflicts, more }: NamedConflicts, where: string): StrataError {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(TOLD, conflicts.length); at++) lines.push(conflictLine(conflicts.at(at)!));
  const all = conflicts.length + more;
  if (all > lines.length) lines.push(`  and ${all - lines.length} more`);
  const count = all === 1 ? 'one path' : `${all} paths`;
  const someAreEqual = someOf(conflicts, isEqual);
  return new StrataError(
    'workspace_conflict',
    [
      someAreEqual
        ? `${count} ${all === 1 ? 'is' : 'are'} saved by several tasks, so ${where} cannot be put together:`
        : `tasks have saved ${count} differently, so ${where} cannot be put together:`,
      ...lines,
    ].join('\n'),
    {
      hint:
        'Nothing was written. Save to different paths (`dest_dir`), restore only what is needed (`tasks`, `paths`), or say who wins: ' +
        '`on_conflict: { prefer: [TASK] }`, `override` along a chain, or `separate`.' +
        (someAreEqual ? ' With `on_conflict: fail` equal entries are one.' : ''),
      details: { conflicts: conflicts.map(conflictJson), ...(more > 0 && { more }) },
    },
  );
}

function conflictLine({ path, writers }: NamedConflict): string {
  const inMode = differInMode(writers);
  const who = writers.map(({ task, step, kind, mode, digest }) => {
    const what = digest === undefined ? kind : `${kind} ${digest.slice(0, 12)}`;
    const how = inMode && digest !== undefined ? `${what}, mode ${mode.toString(8).padStart(3, '0')}` : what;
    return `${task} (step ${JSON.stringify(step)}: ${how})`;
  });
  return `  ${pathText(path)}: ${who.join(' and ')}`;
}

function conflictJson({ path, writers }: NamedConflict): object {
  return {
    ...pathJson(path),
    writers: writers.map(({ digest, ...writer }) => ({ ...writer, digest: digest ?? null })),
  };
}

type NamedWriter = NamedConflict['writers'][number];

/** Whether two of them look the same without it. */
function differInMode(writers: readonly NamedWriter[]): boolean {
  const modes = new Map<string, number>();
  return writers.some(({ kind, digest, mode }) => {
    const key = `${kind} ${digest}`;
    const known = modes.get(key);
    if (known === undefined) modes.set(key, mode);
    return known !== undefined && known !== mode;
  });
}

/** Then it is one for `fail-any` alone. */
function isEqual({ writers }: NamedConflict): boolean {
  const [first] = writers;
  return writers.every(
    ({ kind, mode, digest }) => kind === first!.kind && mode === first!.mode && digest === first!.digest,
  );
}

function someOf<Conflict>(conflicts: Iterable<Conflict>, is: (conflict: Conflict) => boolean): boolean {
  for (const conflict of conflicts) if (is(conflict)) return true;
  return false;
}

export function shortConflict(conflict: NamedConflict): string {
  const { path, writers } = conflict;
  const tasks = writers.map(({ task }) => task).join(' and ');
  const how = isEqual(conflict) ? (writers.length === 2 ? 'by both' : 'by all of') : 'differently by';
  return `${displayPath(path)} is saved ${how} ${tasks}`;
}
