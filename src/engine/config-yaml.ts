/** Reads YAML by a shape and finds all that is wrong with it at once, each with its place. */

import { Place, isNull, nearNames, oneLine, parseYaml } from '../base/index.ts';
import type { Flaws, Reader, YamlNode } from '../base/index.ts';
import type { ValueReader } from './config-value.ts';

/** Which keys there are: a reader for a plain value or for any, a shape for a section, or for all sections whatever their names. */
export interface Shape {
  readonly [key: string]: ValueReader<unknown> | NodeReader<unknown> | Sections<Shape> | Shape;
}

/** A reader of base/ under a name that no section has, so that a section may have a key `read`. */
export interface NodeReader<T> {
  readonly [NODE]: Reader<T>;
}

const NODE = Symbol('node');

/** Sections of one shape, with names that people choose. */
export interface Sections<S> {
  readonly [NAMED]: { readonly shape: S; readonly flawOf: (name: string) => string | undefined };
}

const NAMED = Symbol('named');

/** @param flawOf what is wrong with a name, as the end of the sentence `<name> …` */
export const named = <const S extends Shape>(
  shape: S,
  flawOf: (name: string) => string | undefined,
): Sections<S> => ({ [NAMED]: { shape, flawOf } });

/** For values that are more than texts and numbers. */
export const node = <T>(reader: Reader<T>): NodeReader<T> => ({ [NODE]: reader });

/** What a shape gives: every section, and of the values those that were given. */
export type Values<S> = {
  readonly [K in keyof S as S[K] extends Leaf ? never : K]: S[K] extends Sections<infer T>
    ? Readonly<Record<string, Values<T>>>
    : Values<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends Leaf ? K : never]?: S[K] extends ValueReader<infer T>
    ? T
    : S[K] extends NodeReader<infer T>
      ? T
      : never;
};

type Leaf = ValueReader<unknown> | NodeReader<unknown>;

export interface YamlRecord<S> {
  /** Without what has a flaw. */
  readonly values: Values<S>;
  /** More can be added. */
  readonly flaws: Flaws;
  /** Where a key stands, by its dotted path. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** Longer text is no configuration: bounds the work that a hostile file can make. */
const MAX_CHARACTERS = 65_536;

export async function readYaml<S extends Shape>(source: string, shape: S): Promise<YamlRecord<S>> {
  const { root, flaws } = await parseYaml(source, MAX_CHARACTERS);
  const offsets = new Map<string, number>();

  const section = <T extends Shape>(given: YamlNode | undefined, keys: T, path: string): Values<T> => {
    const values: Record<string, unknown> = {};
    for (const [key, expected] of Object.entries(keys)) {
      if (isSection(expected)) values[key] = section(undefined, expected, '');
      else if (isNamed(expected)) values[key] = sections(undefined, expected, '');
    }
    if (given === undefined || isNull(given)) return values as Values<T>;
    if (given.kind !== 'map') {
      const what = path === '' ? 'the file' : path;
      flaws.add(given.offset, `${what} must be a section: keys with their values`);
      return values as Values<T>;
    }
    const seen = new Set<string>();
    for (const { key, offset, value } of given.entries) {
      const full = path === '' ? oneLine(key) : `${path}.${oneLine(key)}`;
      const expected = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (seen.has(key)) flaws.add(offset, `${full} is there twice`);
      else if (expected === undefined) {
        const near = () => nearKeys(key, path, keys, shape);
        flaws.add(offset, `unknown key ${full}`, { unknownKey: true, near });
      } else if (typeof expected === 'function') {
        const result = expected(plain(value));
        if ('value' in result) values[key] = result.value;
        else flaws.add(value.offset, `${full} ${result.flaw}`);
      } else if (isSection(expected)) values[key] = section(value, expected, full);
      else if (isNamed(expected)) values[key] = sections(value, expected, full);
      else values[key] = expected[NODE].read(value, new Place(flaws, undefined, full));
      seen.add(key);
      offsets.set(full, offset);
    }
    return values as Values<T>;
  };

  const sections = <T extends Shape>(
    given: YamlNode | undefined,
    { [NAMED]: { shape: each, flawOf } }: Sections<T>,
    path: string,
  ): Record<string, Values<T>> => {
    const found: Record<string, Values<T>> = {};
    if (given === undefined || isNull(given)) return found;
    if (given.kind !== 'map') {
      flaws.add(given.offset, `${path} must be a section: names with what they stand for`);
      return found;
    }
    for (const { key, offset, value } of given.entries) {
      const full = `${path}.${oneLine(key)}`;
      const flaw = Object.hasOwn(found, key) ? 'is there twice' : flawOf(key);
      if (flaw !== undefined) flaws.add(offset, `${full} ${flaw}`);
      else found[key] = section(value, each, full);
      offsets.set(full, offset);
    }
    return found;
  };

  const values = section(root, shape, '');
  return { values, flaws, offsets };
}

const isSection = (expected: Shape[string]): expected is Shape =>
  typeof expected !== 'function' && !(NODE in expected) && !(NAMED in expected);

const isNamed = (expected: Shape[string]): expected is Sections<Shape> =>
  typeof expected !== 'function' && NAMED in expected;

function plain(value: YamlNode): unknown {
  if (value.kind === 'scalar') return value.value;
  if (value.kind === 'map') return undefined;
  return value.items.map((item) => (item.kind === 'scalar' ? item.value : undefined));
}

/** The keys nearby that are spelled like it, else those of the same name elsewhere. */
function nearKeys(key: string, path: string, keys: Shape, shape: Shape): string[] {
  const beside = nearNames(key, Object.keys(keys)).map((near) => (path === '' ? near : `${path}.${near}`));
  return beside.length > 0 ? beside : [...keyPaths(shape)].filter((full) => full.endsWith(`.${key}`));
}

function* keyPaths(shape: Shape, path = ''): Generator<string, void> {
  for (const [key, expected] of Object.entries(shape)) {
    yield path + key;
    if (isSection(expected)) yield* keyPaths(expected, `${path}${key}.`);
    if (isNamed(expected)) yield* keyPaths(expected[NAMED].shape, `${path}${key}.NAME.`);
  }
}
