/** `workspaces ls`, `cat`, `diff` and `manifest`: what may be long, and so is passed on as it comes. */

import { displayName, displayPath, pathJson } from '../tree/index.ts';
import type { Change, Entry } from '../tree/index.ts';
import type { Engine } from '../engine/index.ts';
import type { ListedEntry, ManifestFile } from '../workspace/index.ts';
import { formatBytes, formatDate, formatMode } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { entryJson } from './shapes.ts';
import { Terminal } from './terminal.ts';
import type { Color } from './terminal.ts';

/** Room for `1023.9 MB`. */
const SIZE_WIDTH = 9;

export interface ListEntriesFlags {
  readonly recursive?: boolean;
}

export async function listEntries(
  invocation: Invocation,
  ref: string,
  flags: ListEntriesFlags,
): Promise<void> {
  await withEngine(invocation, (engine) => tellEntries(invocation, engine, ref, flags));
}

export async function tellEntries(
  { terminal, world }: Invocation,
  { workspaces }: Engine,
  ref: string,
  { recursive }: ListEntriesFlags,
): Promise<void> {
  const toObject = ({ path, entry }: ListedEntry) => ({ ...pathJson(path), ...entryJson(entry) });
  await terminal.items(
    'entries',
    workspaces.ls(ref, { recursive, signal: world.signal }),
    toObject,
    entryLine,
  );
}

export async function catFile(invocation: Invocation, ref: string): Promise<void> {
  await withEngine(invocation, (engine) => tellFile(invocation, engine, ref));
}

export async function tellFile(
  { terminal, world }: Invocation,
  { workspaces }: Engine,
  ref: string,
): Promise<void> {
  for await (const part of workspaces.cat(ref, { signal: world.signal })) {
    if (!(await terminal.write(part))) return;
  }
}

export async function diffTrees(invocation: Invocation, before: string, after: string): Promise<void> {
  await withEngine(invocation, (engine) => tellChanges(invocation, engine, before, after));
}

export async function tellChanges(
  { terminal, world }: Invocation,
  { workspaces }: Engine,
  before: string,
  after: string,
): Promise<void> {
  const changes = workspaces.diff(before, after, { signal: world.signal });
  await terminal.items('changes', changes, changeJson, (change) => changeLine(change, terminal));
}

/** A manifest is JSON, whoever asks. */
export async function printManifest(invocation: Invocation, ref: string): Promise<void> {
  const { world, flags } = invocation;
  const terminal = new Terminal(world, { ...flags, json: true });
  await withEngine(invocation, async ({ workspaces }) => {
    const toObject = ({ path, mode, size, chunks }: ManifestFile) => ({
      ...pathJson(path),
      mode,
      size,
      chunks,
    });
    await terminal.items('files', workspaces.manifest(ref, { signal: world.signal }), toObject, () => '');
  });
}

const LETTERS = { file: '-', directory: 'd', symlink: 'l', whiteout: 'w' } as const satisfies Record<
  Entry['kind'],
  string
>;

function entryLine({ path, entry }: ListedEntry): string {
  const size =
    entry.kind === 'file' ? entry.size : entry.kind === 'directory' ? entry.tree.summary.bytes : undefined;
  const tail =
    entry.kind === 'directory' ? '/' : entry.kind === 'symlink' ? ` -> ${displayName(entry.target)}` : '';
  return [
    LETTERS[entry.kind] + formatMode(entry.mode),
    (size === undefined ? '-' : formatBytes(size)).padStart(SIZE_WIDTH),
    formatDate(entry.mtime / 1000),
    displayPath(path) + tail,
  ].join('  ');
}

const SIGNS = {
  added: ['+', 'green'],
  removed: ['-', 'red'],
  changed: ['~', 'yellow'],
} as const satisfies Record<Change['kind'], readonly [string, Color]>;

/** As `+ path`. */
export function changeLine(change: Change, terminal: Pick<Terminal, 'paint'>): string {
  const [sign, color] = SIGNS[change.kind];
  const entry = change.kind === 'removed' ? change.before : change.after;
  const path = displayPath(change.path) + (entry.kind === 'directory' ? '/' : '');
  return terminal.paint(color, `${sign} ${path}`) + (change.kind === 'changed' ? aspect(change) : '');
}

/** What it is that changed, where it is not simply the content. */
function aspect({ before, after }: Change & { readonly kind: 'changed' }): string {
  if (before.kind !== after.kind) return ` (${before.kind} became ${after.kind})`;
  if (before.mode !== after.mode) return ` (${formatMode(before.mode)} became ${formatMode(after.mode)})`;
  return '';
}

export function changeJson(change: Change): object {
  return {
    ...pathJson(change.path),
    kind: change.kind,
    before: change.kind === 'added' ? null : entryJson(change.before),
    after: change.kind === 'removed' ? null : entryJson(change.after),
  };
}
