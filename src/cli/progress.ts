/** One line on stderr that says how far a command is; nobody but a person at a terminal sees it. */

import { counted, formatBytes } from './format.ts';
import type { Invocation } from './invocation.ts';

/** Fast enough to look alive, slow enough to cost nothing. */
const INTERVAL_MS = 100;
/** Also for a terminal that says it has none. */
const DEFAULT_COLUMNS = 80;

const CLEAR_LINE = '\r\x1b[K';

export interface Counts {
  readonly files?: number;
  readonly objects?: number;
  readonly bytes: number;
}

/** Undefined when there is nobody to see it. */
type OnProgress = ((counts: Counts) => void) | undefined;

/** The line is gone when `work` ends. @param doing as in `saving` */
export async function withProgress<T>(
  { terminal, world }: Invocation,
  doing: string,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const { stderr, json, quiet } = terminal;
  if (stderr.isTTY !== true || json || quiet) return work(undefined);
  const started = world.clock();
  let drawn = 0;
  const draw = (counts: Counts) => {
    const now = world.clock();
    if (now - drawn < INTERVAL_MS) return;
    drawn = now;
    const line = `${doing}: ${progressText(counts, (now - started) / 1000)}`;
    stderr.write(CLEAR_LINE + line.slice(0, (stderr.columns || DEFAULT_COLUMNS) - 1));
  };
  try {
    return await work(draw);
  } finally {
    if (drawn !== 0) stderr.write(CLEAR_LINE);
  }
}

export function progressText({ files, objects, bytes }: Counts, seconds: number): string {
  const parts = [
    files === undefined ? undefined : counted(files, 'file'),
    objects === undefined ? undefined : counted(objects, 'object'),
    formatBytes(bytes),
    seconds > 0 ? `${formatBytes(bytes / seconds)}/s` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
