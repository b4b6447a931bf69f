/** Trees for tests: told as plain values, drawn at random, and built. */

import * as fc from 'fast-check';

import { compareBytes, sha256, toHex, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Change } from './diff.ts';
import { ContentBuilder } from './content-builder.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import { digestDirectory, encodeDirectory } from './directory-node.ts';
import type { DirectoryNode } from './directory-node.ts';
import type { Entry, TreeRef } from './entry.ts';
import { packExtents } from './extent.ts';
import { nameFlaw } from './limits.ts';
import type { NodeSink, NodeSource } from './node.ts';
import type { Path } from './path.ts';
import { summarize } from './summary.ts';

interface Looks {
  readonly mode: number;
  readonly mtime: number;
}

/** A tree as a value: what `plant` builds. */
export type Plan =
  | (Looks & { readonly kind: 'file'; readonly chunks: readonly number[] })
  | (Looks & { readonly kind: 'symlink'; readonly target: string })
  | (Looks & { readonly kind: 'directory'; readonly below: Plans })
  | { readonly kind: 'whiteout' };

export type Plans = readonly (readonly [name: Uint8Array, plan: Plan])[];

export function chunkId(n: number): Sha256 {
  return sha256(utf8(`chunk ${n}`));
}

export function file(n: number, mtime = 0): Plan {
  return { kind: 'file', mode: 0o644, mtime, chunks: [n] };
}

/** `count` files whose names are in ascending order. */
export function files(count: number, from = 0): Plans {
  return Array.from({ length: count }, (_, n) => [
    utf8(`file ${String(from + n * 10).padStart(8, '0')}`),
    file(n),
  ]);
}

export function sorted(plans: Plans): Plans {
  return plans.toSorted(([a], [b]) => compareBytes(a, b));
}

export function entryOf(sink: NodeSink, name: Uint8Array, plan: Plan): Entry {
  if (plan.kind === 'whiteout') return { kind: 'whiteout', name, mode: 0, mtime: 0 };
  const { mode, mtime } = plan;
  switch (plan.kind) {
    case 'file': {
      const builder = new ContentBuilder(sink);
      for (const n of plan.chunks) {
        if (n < 0) builder.hole(-n);
        else builder.chunk(chunkId(n), n + 1);
      }
      return { kind: 'file', name, mode, mtime, ...builder.finish() };
    }
    case 'symlink':
      return { kind: 'symlink', name, mode, mtime, target: utf8(plan.target) };
    case 'directory':
      return { kind: 'directory', name, mode, mtime, tree: plant(sink, plan.below) };
  }
}

/** Builds a directory, bottom-up. */
export function plant(sink: NodeSink, plans: Plans): TreeRef {
  const builder = new DirectoryBuilder(sink);
  for (const [name, plan] of sorted(plans)) builder.add(entryOf(sink, name, plan));
  return builder.finish();
}

/** Every path with its plan, each directory before what it holds. */
export function flat(plans: Plans, above: Path = []): { path: Path; plan: Plan }[] {
  return sorted(plans).flatMap(([name, plan]) => {
    const path = [...above, name];
    return [{ path, plan }, ...(plan.kind === 'directory' ? flat(plan.below, path) : [])];
  });
}

/** A source that tells which nodes it was asked for, in hex. */
export function watched(source: NodeSource): { source: NodeSource; reads: string[] } {
  const reads: string[] = [];
  return {
    reads,
    source: {
      node: (id) => {
        reads.push(toHex(id));
        return source.node(id);
      },
    },
  };
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export async function allChanges(changes: AsyncIterable<Change>): Promise<string[]> {
  return (await all(changes)).map(({ kind, path }) => `${kind} ${pathKey(path)}`);
}

export function pathKey(path: Path): string {
  return path.map(toHex).join('/');
}

export function fileEntry(name: string, chunk: number, length: number): Entry {
  const extents = packExtents([{ chunk: chunkId(chunk), length }]);
  return {
    kind: 'file',
    name: utf8(name),
    mode: 0o644,
    mtime: 7,
    size: length,
    content: { form: 'inline', extents },
  };
}

/** Stores a directory node as it is: no builder checks what it says. */
export function store(sink: NodeSink, node: DirectoryNode): TreeRef {
  return {
    node: sink.node(encodeDirectory(node)),
    digest: digestDirectory(node),
    summary: summarize(node.items),
  };
}

export function flatPage(...names: readonly string[]): DirectoryNode {
  return { kind: 'page', level: 0, items: names.map((name) => fileEntry(name, 1, 1)) };
}

export function over(level: number, ...below: readonly (readonly [string, TreeRef])[]): DirectoryNode {
  return {
    kind: 'index',
    level,
    items: below.map(([name, tree]) => ({ kind: 'subtree', level: level - 1, name: utf8(name), tree })),
  };
}

export const anyName: fc.Arbitrary<Uint8Array> = fc
  .uint8Array({ minLength: 1, maxLength: 12 })
  .filter((name) => nameFlaw(name) === undefined);

/** Few names, so that two trees share some. */
const someName = fc.constantFrom('a', 'b', 'c', 'a.', 'ab', 'é').map(utf8);

const looks = { mode: fc.integer({ min: 0, max: 0o777 }), mtime: fc.maxSafeInteger() };

export const { tree: anyTree } = fc.letrec<{ tree: Plans; plan: Plan }>((tie) => ({
  tree: fc
    .uniqueArray(fc.tuple(fc.oneof(someName, anyName), tie('plan')), {
      selector: ([name]) => toHex(name),
      maxLength: 6,
      depthIdentifier: 'tree',
    })
    .map((plans) => plans as Plans),
  plan: fc.oneof(
    { depthSize: 'small', maxDepth: 4, depthIdentifier: 'tree' },
    fc.record({
      kind: fc.constant('file' as const),
      ...looks,
      chunks: fc.array(
        fc.integer({ min: -3, max: 3 }).filter((n) => n !== 0),
        { maxLength: 20 },
      ),
    }),
    fc.record({ kind: fc.constant('symlink' as const), ...looks, target: fc.constantFrom('x', '../y') }),
    fc.constant({ kind: 'whiteout' as const }),
    fc.record({ kind: fc.constant('directory' as const), ...looks, below: tie('tree') }),
  ),
}));
