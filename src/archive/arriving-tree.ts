/** A tree whose entries come in any order. Names are in memory, contents are not: of a file it has what its entry will say. */

import { asBuffer, giveWay } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { DirectoryBuilder, displayPath } from '../tree/index.ts';
import type { BuiltContent, Path, Root, TreeRef } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';

interface Looks {
  readonly mode: number;
  readonly mtime: number;
}

/** What stands under a name and has nothing below it. It never changes, so two names may have one. */
export type Leaf =
  | (Looks & BuiltContent & { readonly kind: 'file' })
  | (Looks & { readonly kind: 'symlink'; readonly target: Uint8Array });

interface Directory {
  readonly kind: 'directory';
  looks: Looks;
  /** By name, a character a byte: in their order as text they are in the order of their bytes. */
  readonly children: Map<string, Leaf | Directory>;
}

/** Of a directory that no entry tells of. */
const USUAL_MODE = 0o755;

/** Entries between two pauses. */
const STEPS = 1024;

/** Says why it cannot be. */
export type Flaw = string | undefined;

export class ArrivingTree {
  #root: Directory | undefined;

  /** What stands there so far. */
  find(path: Path): Leaf | 'directory' | undefined {
    let found: Leaf | Directory | undefined = this.#root;
    for (const name of path)
      found = found?.kind === 'directory' ? found.children.get(keyOf(name)) : undefined;
    return found?.kind === 'directory' ? 'directory' : found;
  }

  /** What stood there is replaced, unless it is a directory with something in it. */
  place(path: Path, leaf: Leaf): Flaw {
    const name = path.at(-1);
    if (name === undefined) return `the root is a directory and cannot be a ${leaf.kind}`;
    const above = this.#enter(path.slice(0, -1), leaf.mtime);
    if (typeof above === 'string') return above;
    const before = above.children.get(keyOf(name));
    if (before?.kind === 'directory' && before.children.size > 0)
      return `it is a ${leaf.kind}, and there are entries below it`;
    above.children.set(keyOf(name), leaf);
    return undefined;
  }

  /** One that is there already keeps what is in it. */
  makeDirectory(path: Path, looks: Looks): Flaw {
    const name = path.at(-1);
    const above = name === undefined ? undefined : this.#enter(path.slice(0, -1), looks.mtime);
    if (typeof above === 'string') return above;
    const before = name === undefined ? this.#root : above?.children.get(keyOf(name));
    if (before?.kind === 'directory') {
      before.looks = looks;
      return undefined;
    }
    const made = newDirectory(looks);
    if (name === undefined) this.#root = made;
    else above?.children.set(keyOf(name), made);
    return undefined;
  }

  /** @param mtime of an empty root that no entry told of */
  async build(sink: ContentSink, { signal }: Cancellable = {}): Promise<Root> {
    const root = this.#root ?? newDirectory({ mode: USUAL_MODE, mtime: 0 });
    let steps = 0;
    // Not recursive: directories may be thousands deep.
    const open = [opened(root, '', sink)];
    for (;;) {
      const { directory, names, builder, key } = open.at(-1)!;
      if (++steps % STEPS === 0) {
        await sink.drain();
        await giveWay(signal);
      }
      const next = names.pop();
      if (next === undefined) {
        open.pop();
        const tree = builder.finish();
        const above = open.at(-1);
        if (above === undefined) return { ...directory.looks, tree };
        above.builder.add(entryOf(key, directory.looks, tree));
        continue;
      }
      const child = directory.children.get(next)!;
      if (child.kind === 'directory') open.push(opened(child, next, sink));
      else builder.add({ ...child, name: nameOf(next) });
    }
  }

  /** The directory at a path; it and those above it are made where they are missing. @returns why there can be none */
  #enter(path: Path, mtime: number): Directory | string {
    const looks = { mode: USUAL_MODE, mtime };
    let directory = (this.#root ??= newDirectory(looks));
    for (const [depth, name] of path.entries()) {
      const key = keyOf(name);
      const found = directory.children.get(key);
      if (found !== undefined && found.kind !== 'directory')
        return `it lies below ${displayPath(path.slice(0, depth + 1))}, which is a ${found.kind}`;
      const below = found ?? newDirectory(looks);
      if (found === undefined) directory.children.set(key, below);
      directory = below;
    }
    return directory;
  }
}

function newDirectory(looks: Looks): Directory {
  return { kind: 'directory', looks, children: new Map() };
}

function opened(directory: Directory, key: string, sink: ContentSink) {
  // The first of them last, to be popped.
  const names = [...directory.children.keys()].sort().reverse();
  return { directory, key, names, builder: new DirectoryBuilder(sink) };
}

function entryOf(key: string, looks: Looks, tree: TreeRef) {
  return { kind: 'directory', name: nameOf(key), ...looks, tree } as const;
}

/** A character a byte: in their order as text names are in the order of their bytes. */
export function keyOf(name: Uint8Array): string {
  return asBuffer(name).toString('latin1');
}

function nameOf(key: string): Uint8Array {
  return Buffer.from(key, 'latin1');
}
