/** The merge without a conflict: what each writer saved, in a directory of its own. */

import { StrataError, compareBytes, sha256, toHex, utf8 } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { checkDepth } from './depth.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { DirectoryEntry, Root } from './entry.ts';
import { MAX_NAME_BYTES, nameFlaw } from './limits.ts';
import { mergeTrees } from './merge.ts';
import type { Merged } from './merge.ts';
import type { MergeLayer, MergePolicy } from './merge-layer.ts';
import type { NodeSink, NodeSource } from './node.ts';
import { displayName } from './path.ts';

/** What stands for itself in the name of a directory. */
const PLAIN = /[A-Za-z0-9_.-]/;

/** Hex digits that tell long names apart. */
const DIGEST_DIGITS = 32;

/**
 * A name for the directory of a task, whatever the task is called: letters, digits, `_`, `.` and `-` as they are, all other bytes as `%2F`. A
 * name that would be too long is cut, and ends with `~` and a part of its SHA-256. Different tasks have different names.
 */
export function taskDirectory(task: string): Uint8Array {
  let name = '';
  for (const byte of utf8(task)) {
    const character = String.fromCharCode(byte);
    name += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  // Both mean something else to a file system; no other name is written with two digits for a dot.
  if (name === '.' || name === '..') name = name.replaceAll('.', '%2E');
  // A name of no bytes is none. A lone % cannot come of anything else.
  if (name === '') name = '%';
  if (name.length > MAX_NAME_BYTES) {
    const digest = toHex(sha256(utf8(task))).slice(0, DIGEST_DIGITS);
    name = `${name.slice(0, MAX_NAME_BYTES - DIGEST_DIGITS - 1)}~${digest}`;
  }
  return utf8(name);
}

export async function separateTrees(
  source: NodeSource,
  sink: NodeSink,
  layers: readonly MergeLayer[],
  { directoryOf }: MergePolicy & { kind: 'separate' },
  options: Cancellable,
): Promise<Merged> {
  const entries: DirectoryEntry[] = [];
  for (const [writer, own] of byWriter(layers)) {
    const name = directoryOf(writer);
    const flaw = nameFlaw(name);
    if (flaw !== undefined) refuse(name, flaw);
    const merged = await mergeTrees(source, sink, own, { ...options, precedes: () => false });
    if (merged.kind === 'conflicts') throw new StrataError('internal', 'a writer is in conflict with itself');
    await checkDepth(source, merged.root.tree, 1, options);
    entries.push({ kind: 'directory', name, ...merged.root });
  }
  entries.sort((a, b) => compareBytes(a.name, b.name));
  const builder = new DirectoryBuilder(sink);
  for (const [at, entry] of entries.entries()) {
    if (at > 0 && compareBytes(entries[at - 1]!.name, entry.name) === 0)
      refuse(entry.name, 'two writers have it');
    builder.add(entry);
  }
  const last: Root | undefined = layers.at(-1)?.root;
  return {
    kind: 'merged',
    root: { mode: last?.mode ?? 0o755, mtime: last?.mtime ?? 0, tree: builder.finish() },
  };
}

function byWriter(layers: readonly MergeLayer[]): Map<number, MergeLayer[]> {
  const writers = new Map<number, MergeLayer[]>();
  for (const layer of layers) {
    const own = writers.get(layer.writer);
    if (own === undefined) writers.set(layer.writer, [layer]);
    else own.push(layer);
  }
  return writers;
}

function refuse(name: Uint8Array, reason: string): never {
  throw new StrataError('bad_input', `${displayName(name)} cannot be a directory of its own: ${reason}`, {
    hint: 'Give each task another name.',
  });
}
