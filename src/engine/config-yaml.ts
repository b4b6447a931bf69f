/** Reads YAML by a shape and finds all that is wrong with it at once, each with its place. */

import type { ParsedNode } from 'yaml';

import { nearNames } from '../base/index.ts';
import type { ValueReader } from './config-value.ts';

/** Which keys there are: a reader for a value, a shape for a section. */
export interface Shape {
  readonly [key: string]: ValueReader<unknown> | Shape;
}

/** What a shape gives: every section, and of the values those that were given. */
export type Values<S> = {
  readonly [K in keyof S as S[K] extends Shape ? K : never]: Values<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends Shape ? never : K]?: S[K] extends ValueReader<infer T> ? T : never;
};

export interface Flaw {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** For a key that does not exist: those that may have been meant. */
  readonly near?: readonly string[];
}

export interface YamlRecord<S> {
  /** Without what has a flaw. */
  readonly values: Values<S>;
  /** In the order of the file. */
  readonly flaws: readonly Flaw[];
  /** Where a key stands, by its dotted path. */
  readonly offsets: ReadonlyMap<string, number>;
  flawAt(offset: number, message: string, near?: readonly string[]): Flaw;
}

/** Longer text is no configuration: bounds the work that a hostile file can make. */
const MAX_CHARACTERS = 65_536;

export async function readYaml<S extends Shape>(source: string, shape: S): Promise<YamlRecord<S>> {
  const { LineCounter, isMap, isScalar, isSeq, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const flaws: Flaw[] = [];
  const offsets = new Map<string, number>();

  const flawAt = (offset: number, message: string, near?: readonly string[]): Flaw => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), message, ...(near && { near }) };
  };
  const report = (...flaw: Parameters<typeof flawAt>) => void flaws.push(flawAt(...flaw));

  const parse = (): ParsedNode | null => {
    if (source.length > MAX_CHARACTERS) {
      report(0, `the file has more than ${MAX_CHARACTERS} characters`);
      return null;
    }
    try {
      // Equal keys are found below: the parser would compare each key with each other.
      const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, stringKeys: true };
      const document = parseDocument(source, options);
      for (const { pos, message } of [...document.errors, ...document.warnings]) report(pos[0], message);
      return document.errors.length === 0 ? document.contents : null;
    } catch (error) {
      // The parser calls itself for each level, so some thousand brackets end the stack.
      if (!(error instanceof RangeError)) throw error;
      report(0, 'the file nests too deeply');
      return null;
    }
  };

  /** An alias is none of the kinds that are taken: so no text of aliases of aliases is ever written out. */
  const plain = (node: ParsedNode | null): unknown => {
    if (isScalar(node)) return node.value;
    return isSeq(node) ? node.items.map((item) => (isScalar(item) ? item.value : undefined)) : undefined;
  };

  const section = <T extends Shape>(node: ParsedNode | null, keys: T, path: string): Values<T> => {
    const values: Record<string, unknown> = {};
    for (const [key, expected] of Object.entries(keys)) {
      if (typeof expected !== 'function') values[key] = section(null, expected, '');
    }
    if (node === null || (isScalar(node) && node.value === null)) return values as Values<T>;
    if (!isMap(node)) {
      report(node.range[0], `${path === '' ? 'the file' : path} must be a section: keys with their values`);
      return values as Values<T>;
    }
    const seen = new Set<string>();
    for (const item of node.items) {
      const key = isScalar(item.key) ? String(item.key.value) : '';
      const full = path === '' ? key : `${path}.${key}`;
      const offset = item.key.range[0];
      const expected = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (seen.has(key)) report(offset, `${full} is there twice`);
      else if (expected === undefined)
        report(offset, `unknown key ${full}`, nearKeys(key, path, keys, shape));
      else if (typeof expected === 'function') {
        const result = expected(plain(item.value));
        if ('value' in result) values[key] = result.value;
        else report(item.value?.range[0] ?? offset, `${full} ${result.flaw}`);
      } else {
        values[key] = section(item.value, expected, full);
      }
      seen.add(key);
      offsets.set(full, offset);
    }
    return values as Values<T>;
  };

  const values = section(parse(), shape, '');
  flaws.sort((a, b) => a.line - b.line || a.column - b.column);
  return { values, flaws, offsets, flawAt };
}

/** The keys nearby that are spelled like it, else those of the same name elsewhere. */
function nearKeys(key: string, path: string, keys: Shape, shape: Shape): string[] {
  const beside = nearNames(key, Object.keys(keys)).map((near) => (path === '' ? near : `${path}.${near}`));
  return beside.length > 0 ? beside : [...keyPaths(shape)].filter((full) => full.endsWith(`.${key}`));
}

function* keyPaths(shape: Shape, path = ''): Generator<string, void> {
  for (const [key, expected] of Object.entries(shape)) {
    yield path + key;
    if (typeof expected !== 'function') yield* keyPaths(expected, `${path}${key}.`);
  }
}
