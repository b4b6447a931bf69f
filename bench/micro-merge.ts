/** The merge of what tasks saved, by itself: many large layers, nodes in memory. */

import { compareBytes, sha256, toHex, utf8 } from '../src/base/index.ts';
import { DirectoryBuilder, mergeTrees, packExtents } from '../src/tree/index.ts';
import type { MergeLayer, MergePolicy, NodeSink, NodeSource, TreeRef } from '../src/tree/index.ts';
import type { Figure } from './results.ts';
import { median } from './statistics.ts';

const TIMES = 5;
const LAYERS = 20;
const FILES = 50_000;
const A_DIRECTORY = 50;

interface Case {
  readonly name: string;
  /** The paths of a layer: in directories of 50, or all in one. */
  readonly path: (layer: number, file: number) => readonly [directory: string, name: string];
  /** What a file holds. */
  readonly content: (layer: number, file: number) => number;
  readonly policy: MergePolicy['kind'] & ('fail' | 'fail-any' | 'override');
}

const nested = (file: number): [string, string] => [
  `d${String(Math.floor(file / A_DIRECTORY)).padStart(5, '0')}`,
  `file ${file % A_DIRECTORY}.o`,
];
const flat = (file: number): [string, string] => ['', `file ${String(file).padStart(7, '0')}.o`];

const CASES: readonly Case[] = [
  {
    name: 'of their own',
    path: (layer, file) => [`task ${layer}/${nested(file)[0]}`, nested(file)[1]],
    content: (_, file) => file,
    policy: 'fail',
  },
  {
    name: 'nearly alike',
    path: (_, file) => nested(file),
    content: (layer, file) => (file % 1000 === layer ? file + layer : file),
    policy: 'override',
  },
  {
    name: 'in the same directories',
    path: (layer, file) => [nested(file)[0], `${layer} ${nested(file)[1]}`],
    content: (_, file) => file,
    policy: 'fail',
  },
  {
    name: 'in one directory',
    path: (layer, file) => flat(file * LAYERS + layer),
    content: (_, file) => file,
    policy: 'fail',
  },
  {
    name: 'each file in conflict',
    path: (_, file) => flat(file),
    content: (layer, file) => file + layer,
    policy: 'fail',
  },
];

export async function mergeFigures(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const each of CASES) figures.push(await figureOf(each));
  return figures;
}

async function figureOf({ name, path, content, policy }: Case): Promise<Figure> {
  const nodes = new Nodes();
  const layers = Array.from({ length: LAYERS }, (_, layer): MergeLayer => {
    const files = Array.from({ length: FILES }, (__, file) => ({
      path: path(layer, file),
      content: content(layer, file),
    }));
    return {
      root: { mode: 0o755, mtime: layer, tree: treeOf(nodes.sink, files) },
      writer: layer,
      whiteouts: false,
    };
  });
  const before = nodes.bytes;
  const options = { policy: { kind: policy }, precedes: (a: number, b: number) => a < b } as const;
  let told = '';
  const times: number[] = [];
  for (let left = TIMES; left > 0; left--) {
    const started = performance.now();
    const merged = await mergeTrees(nodes.source, nodes.sink, layers, options);
    times.push(performance.now() - started);
    told =
      merged.kind === 'merged'
        ? `${merged.root.tree.summary.files.toLocaleString('en')} files`
        : `${merged.conflicts.length.toLocaleString('en')} conflicts`;
  }
  const note = `to ${told}; nodes of the layers: ${(before / 1e6).toFixed(0)} MB`;
  return { name: `merge 20 layers of 50,000 files, ${name}`, value: median(times), unit: 'ms', note };
}

interface File {
  readonly path: readonly [string, string];
  readonly content: number;
}

/** Directories one below the other, files in the last. */
function treeOf(sink: NodeSink, files: readonly File[]): TreeRef {
  const directories = Map.groupBy(files, ({ path }) => path[0]);
  const below = new Map<string, Map<string, TreeRef>>();
  for (const [directory, own] of directories) {
    const builder = new DirectoryBuilder(sink);
    const entries = own.map(({ path, content }) => ({ name: utf8(path[1]), content }));
    for (const { name, content } of entries.toSorted((a, b) => compareBytes(a.name, b.name))) {
      const extents = packExtents([{ chunk: sha256(utf8(`${content}`)), length: 4096 }]);
      builder.add({
        kind: 'file',
        name,
        mode: 0o644,
        mtime: content,
        size: 4096,
        content: { form: 'inline', extents },
      });
    }
    const tree = builder.finish();
    if (directory === '') return tree;
    const slash = directory.lastIndexOf('/');
    const above = directory.slice(0, Math.max(0, slash));
    const siblings = below.get(above) ?? new Map<string, TreeRef>();
    below.set(above, siblings.set(directory.slice(slash + 1), tree));
  }
  const [[top, siblings] = ['', new Map<string, TreeRef>()]] = below;
  const tree = directoryOf(sink, siblings);
  return top === '' ? tree : directoryOf(sink, new Map([[top, tree]]));
}

function directoryOf(sink: NodeSink, siblings: ReadonlyMap<string, TreeRef>): TreeRef {
  const builder = new DirectoryBuilder(sink);
  const entries = [...siblings].map(([name, tree]) => ({ name: utf8(name), tree }));
  for (const { name, tree } of entries.toSorted((a, b) => compareBytes(a.name, b.name)))
    builder.add({ kind: 'directory', name, mode: 0o755, mtime: 0, tree });
  return builder.finish();
}

/** In memory. What is read is not hashed again: that is the vault's part, and measured there. */
class Nodes {
  readonly #nodes = new Map<string, Uint8Array>();
  bytes = 0;

  readonly sink: NodeSink = {
    node: (bytes) => {
      const id = sha256(bytes);
      const key = toHex(id);
      if (!this.#nodes.has(key)) {
        this.#nodes.set(key, bytes.slice());
        this.bytes += bytes.length;
      }
      return id;
    },
  };

  readonly source: NodeSource = {
    node: async (id) => {
      const bytes = this.#nodes.get(toHex(id));
      if (bytes === undefined) throw new Error('a node is missing');
      return bytes;
    },
  };
}
