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
  return new StrataError(
    'workspace_conflict',
    [`tasks have saved ${count} differently, so ${where} cannot be put together:`, ...lines].join('\n'),
    {
      hint:
        'Nothing was written. Save to different paths (`dest_dir`), restore only what is needed (`tasks`, `paths`), or say who wins: ' +
        '`on_conflict: { prefer: [TASK] }`, `override` along a chain, or `separate`.',
      details: { conflicts: conflicts.map(conflictJson), ...(more > 0 && { more }) },
    },
  );
}

function conflictLine({ path, writers }: NamedConflict): string {
  const who = writers.map(({ task, step, kind, digest }) => {
    const what = digest === undefined ? kind : `${kind} ${digest.slice(0, 12)}`;
    return `${task} (step ${JSON.stringify(step)}: ${what})`;
  });
  return `  ${pathText(path)}: ${who.join(' and ')}`;
}

function conflictJson({ path, writers }: NamedConflict): object {
  return {
    ...pathJson(path),
    writers: writers.map(({ digest, ...writer }) => ({ ...writer, digest: digest ?? null })),
  };
}

export function shortConflict({ path, writers }: NamedConflict): string {
  return `${displayPath(path)} is saved differently by ${writers.map(({ task }) => task).join(' and ')}`;
}
