/** Readers of YAML values: each knows what it takes, says what is wrong otherwise, and describes itself as a JSON Schema. */

import type { FlawOptions, Flaws } from './flaw.ts';
import { nearNames } from './near.ts';
import type { YamlNode, YamlScalar } from './yaml.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;
/** What is named once and referred to, by name. */
export type SchemaDefinitions = Map<string, JsonSchema>;

export interface Reader<T> {
  /** Undefined: it has a flaw, which was told. */
  readonly read: (node: YamlNode, place: Place) => T | undefined;
  readonly schema: (definitions: SchemaDefinitions) => JsonSchema;
}

export type Read<R> = R extends Reader<infer T> ? T : never;

/** Where a value stands, as in `runs[0].tasks[2]`: made into text only for a flaw. */
export class Place {
  readonly #flaws: Flaws;
  readonly #above: Place | undefined;
  readonly #step: string | number;

  constructor(flaws: Flaws, above?: Place, step: string | number = '') {
    this.#flaws = flaws;
    this.#above = above;
    this.#step = step;
  }

  at(step: string | number): Place {
    return new Place(this.#flaws, this, step);
  }

  toString(): string {
    const above = this.#above?.toString() ?? '';
    if (typeof this.#step === 'number') return `${above}[${this.#step}]`;
    return above === '' ? oneLine(this.#step) : `${above}.${oneLine(this.#step)}`;
  }

  /** @param flaw ends the sentence `<place> …` */
  flaw(offset: number, flaw: string, options?: FlawOptions): undefined {
    this.#flaws.add(offset, `${this.toString() || 'the file'} ${flaw}`, options);
  }

  /** A whole sentence. */
  remark(offset: number, message: string, options?: FlawOptions): undefined {
    this.#flaws.add(offset, message, options);
  }
}

/** Longer text is cut where it is told. */
const MAX_SHOWN = 80;

/** Somebody else's text inside a message: on one line, without control characters, and not endless. */
export function oneLine(text: string): string {
  if (text.length <= MAX_SHOWN && /^[ -~]*$/.test(text)) return text;
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return /[\p{C}\p{Zl}\p{Zp}]/u.test(cut)
    ? JSON.stringify(cut).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
    : cut;
}

export const isNull = (node: YamlNode): boolean => node.kind === 'scalar' && node.value === null;

/** A scalar, judged by `judge`: a value, or the end of the sentence `<place> …`. */
export function scalar<T>(
  judge: (node: YamlScalar) => { readonly value: T } | { readonly flaw: string },
  expected: string,
  schema: JsonSchema,
): Reader<T> {
  return {
    read: (node, place) => {
      if (node.kind !== 'scalar') return place.flaw(node.offset, `must be ${expected}`);
      const result = judge(node);
      return 'value' in result ? result.value : place.flaw(node.offset, result.flaw);
    },
    schema: () => schema,
  };
}

export const flag: Reader<boolean> = scalar(
  ({ value }) => (typeof value === 'boolean' ? { value } : { flaw: 'must be true or false' }),
  'true or false',
  { type: 'boolean' },
);

export function oneOf<const T extends string>(...choices: readonly T[]): Reader<T> {
  const expected = choices.length === 1 ? choices[0]! : `one of ${choices.join(', ')}`;
  return scalar(
    ({ text }) => {
      const choice = choices.find((candidate) => candidate === text);
      return choice === undefined ? { flaw: `must be ${expected}` } : { value: choice };
    },
    expected,
    { enum: choices },
  );
}

/** A whole number, at least `least`. */
export function count(least: number, most: number): Reader<number> {
  const expected = `a whole number from ${least} to ${most}`;
  return scalar(
    ({ value }) =>
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
        ? { value }
        : { flaw: `must be ${expected}` },
    expected,
    { type: 'integer', minimum: least, maximum: most },
  );
}

/** @param what a plural: `tasks` */
export function list<T>(of: Reader<T>, what: string, least: 0 | 1 = 0): Reader<readonly T[]> {
  return {
    read: (node, place) => {
      if (node.kind !== 'list') return place.flaw(node.offset, `must be a list of ${what}`);
      if (node.items.length < least) return place.flaw(node.offset, `has no ${what} in it`);
      const values: T[] = [];
      for (const [index, item] of node.items.entries()) {
        const value = of.read(item, place.at(index));
        if (value !== undefined) values.push(value);
      }
      return values;
    },
    schema: (definitions) => ({
      type: 'array',
      items: of.schema(definitions),
      ...(least > 0 && { minItems: least }),
    }),
  };
}

/** Unknown keys of one record that may be slips. */
const MAX_SLIPS = 20;

export type Keys = Readonly<Record<string, Reader<unknown>>>;

/** What a record gives: of its keys those that are there and without a flaw. */
export type KeyValues<K extends Keys> = { readonly [Name in keyof K]?: Read<K[Name]> };

/** A key without a value is as one that is not there. */
export function record<const K extends Keys, const R extends keyof K & string = never>(
  keys: K,
  required: readonly R[] = [],
): Reader<KeyValues<K>> {
  return {
    read: (node, place) => {
      if (node.kind !== 'map') return place.flaw(node.offset, 'must be a section: keys with their values');
      const values: Record<string, unknown> = {};
      const seen = new Set<string>();
      const unknown: string[] = [];
      for (const { key, offset, value } of node.entries) {
        const reader = Object.hasOwn(keys, key) ? keys[key] : undefined;
        const inner = place.at(key);
        if (seen.has(key)) inner.flaw(offset, 'is there twice');
        else if (reader === undefined) {
          const near = () => nearNames(key, Object.keys(keys)).map((name) => `${place.at(name)}`);
          inner.remark(offset, `unknown key ${inner}`, { unknownKey: true, near });
          if (unknown.length < MAX_SLIPS) unknown.push(key);
        } else if (!isNull(value)) values[key] = reader.read(value, inner);
        else if ((required as readonly string[]).includes(key)) inner.flaw(offset, 'has no value');
        seen.add(key);
      }
      for (const key of required) {
        // One slip is one flaw: what is misspelled is not missing as well.
        if (!seen.has(key) && nearNames(key, unknown).length === 0) place.flaw(node.offset, `has no ${key}`);
      }
      return values as KeyValues<K>;
    },
    schema: (definitions) => ({
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(keys).map(([key, reader]) => {
          const schema = reader.schema(definitions);
          return [key, (required as readonly string[]).includes(key) ? schema : nullable(schema)];
        }),
      ),
      ...(required.length > 0 && { required }),
    }),
  };
}

function nullable(schema: JsonSchema): JsonSchema {
  return schema['not'] === undefined ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/** The same under a name, so that a schema says it once. */
export function named<T>(name: string, reader: Reader<T>): Reader<T> {
  return {
    read: reader.read,
    schema: (definitions) => {
      if (!definitions.has(name)) {
        definitions.set(name, {});
        definitions.set(name, reader.schema(definitions));
      }
      return { $ref: `#/$defs/${name}` };
    },
  };
}

/** What else has to hold, or what is made of it. Told at its place, so a flaw returns what `place.flaw` does. */
export function refine<T, U>(
  reader: Reader<T>,
  next: (value: T, node: YamlNode, place: Place) => U | undefined,
): Reader<U> {
  return {
    read: (node, place) => {
      const value = reader.read(node, place);
      return value === undefined ? undefined : next(value, node, place);
    },
    schema: reader.schema,
  };
}
