/** The kinds of values in a run file. Text is taken as it is written: `1.20` and `true` are texts too. */

import { isNull, list, named, oneLine, record, refine, scalar, utf8 } from '../base/index.ts';
import type { JsonSchema, Place, Reader, YamlNode } from '../base/index.ts';
import type { Environment, Patterns, When } from './definition.ts';
import { checkGlob } from './glob.ts';
import { parseBytes, parseTimeout } from './length.ts';
import { PatternError } from './program.ts';
import { compile } from './regexp.ts';
import { expressionOf } from './when.ts';

/** As Go calls them; also what executors are declared with. */
export const ARCHITECTURES = ['386', 'amd64', 'arm', 'arm64', 'ppc64le', 'riscv64', 's390x'] as const;

const MAX_NAME = 255;
const MAX_PATH = 4096;
/** Patterns in one list, with what their braces stand for. */
const MAX_GLOBS = 1000;

const SCALAR: JsonSchema = { type: ['string', 'number', 'boolean'] };

/** Judged as text; undefined: it is fine. */
function textual(
  flawOf: (text: string) => string | undefined,
  expected = 'text',
  schema: JsonSchema = SCALAR,
): Reader<string> {
  return scalar(
    ({ value, text }) => {
      if (value === null) return { flaw: `must be ${expected}` };
      if (text === '') return { flaw: 'is empty' };
      if (text.includes('\0')) return { flaw: 'has a NUL character in it' };
      if (!text.isWellFormed()) return { flaw: 'has half a character in it' };
      const flaw = flawOf(text);
      return flaw === undefined ? { value: text } : { flaw };
    },
    expected,
    schema,
  );
}

export const text = textual(() => undefined);

/** Free text on one line. */
export const name = textual((given) => {
  if (given.length > MAX_NAME) return `is longer than ${MAX_NAME} characters`;
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(given) ? 'has a control character in it' : undefined;
});

export const labels: Reader<readonly string[]> = refine(list(name, 'labels'), (given) => [...new Set(given)]);

/** Milliseconds. */
export const timeout: Reader<number> = refine(text, (given, node, place) => {
  const flaw = 'must be a length of time such as 90s, 30m or 1h30m';
  return parseTimeout(given) ?? place.flaw(node.offset, flaw);
});

export const bytes: Reader<number> = refine(text, (given, node, place) => {
  const flaw = 'must be a number of bytes, such as 512Mi, 1G or 1073741824';
  return parseBytes(given) ?? place.flaw(node.offset, flaw);
});

/** A key that means something elsewhere and cannot be taken. The flaw ends the sentence `<place> …`. */
export const refused = (flaw: string): Reader<never> => ({
  read: (node, place) => place.flaw(node.offset, flaw),
  schema: () => ({ not: {} }),
});

/**
 * A directory, without `.` and doubled slashes; the empty path is where it starts from.
 *
 * @param root what a leading slash means: `workspace`, the root of what is saved; `container`, kept as it is
 */
export function directory(root: 'workspace' | 'container'): Reader<string> {
  return refine(text, (given, node, place) => {
    if (given.length > MAX_PATH) return place.flaw(node.offset, `is longer than ${MAX_PATH} characters`);
    const names = given.split('/').filter((each) => each !== '' && each !== '.');
    if (names.includes('..')) return place.flaw(node.offset, 'leads out by ..');
    if (names.some((each) => utf8(each).length > MAX_NAME)) {
      return place.flaw(node.offset, `has a name in it that is longer than ${MAX_NAME} bytes`);
    }
    return (root === 'container' && given.startsWith('/') ? '/' : '') + names.join('/');
  });
}

export const globs: Reader<readonly string[]> = refine(
  list(
    refine(text, (given, node, place) =>
      withPattern(() => ({ glob: given, patterns: checkGlob(given) }), node, place),
    ),
    'globs',
    1,
  ),
  (given, node, place) => {
    const patterns = given.reduce((sum, each) => sum + each.patterns, 0);
    if (patterns > MAX_GLOBS) return place.flaw(node.offset, `stands for more than ${MAX_GLOBS} patterns`);
    return given.map(({ glob }) => glob);
  },
);

function withPattern<T>(make: () => T, node: YamlNode, place: Place): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return place.flaw(node.offset, error.message);
  }
}

const pattern: Reader<string> = refine(text, (given, node, place) => {
  const expression = expressionOf(given);
  if (expression === undefined) return given;
  const judge = () => {
    try {
      compile(expression);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw new PatternError(`is no regular expression: ${error.message}`);
    }
    return given;
  };
  return withPattern(judge, node, place);
});

const patternList = list(pattern, 'patterns', 1);

const onePatternOrMore: Reader<readonly string[]> = {
  read: (node, place) => {
    if (node.kind === 'list') return patternList.read(node, place);
    const one = pattern.read(node, place);
    return one === undefined ? undefined : [one];
  },
  schema: (definitions) => ({ anyOf: [pattern.schema(definitions), patternList.schema(definitions)] }),
};

const patternRecord = record({ include: onePatternOrMore, exclude: onePatternOrMore });

const patterns: Reader<Patterns> = {
  read: (node, place) => {
    if (node.kind !== 'map') {
      const include = onePatternOrMore.read(node, place);
      return include === undefined ? undefined : { include, exclude: [] };
    }
    const given = patternRecord.read(node, place);
    return given === undefined ? undefined : { include: given.include ?? [], exclude: given.exclude ?? [] };
  },
  schema: (definitions) => ({
    anyOf: [onePatternOrMore.schema(definitions), patternRecord.schema(definitions)],
  }),
};

export const when: Reader<When> = named(
  'when',
  refine(record({ branch: patterns, tag: patterns, ref: patterns }), (given, node, place) => {
    // What names nothing matches nothing: the task would never run, and nobody would be told.
    if (node.kind === 'map' && node.entries.every(({ value }) => isNull(value))) {
      return place.flaw(node.offset, 'names none of branch, tag and ref');
    }
    return { branch: given.branch, tag: given.tag, ref: given.ref };
  }),
);

const fromVariable = record({ from_variable: name }, ['from_variable']);

export const environment: Reader<Environment> = named('environment', {
  read: (node, place) => {
    if (node.kind !== 'map') return place.flaw(node.offset, 'must be a section: names with their values');
    const values: [string, Environment[string]][] = [];
    const seen = new Set<string>();
    for (const { key, offset, value } of node.entries) {
      const inner = place.at(key);
      if (seen.has(key)) inner.flaw(offset, 'is there twice');
      else if (key === '' || /[=\0]/.test(key) || !key.isWellFormed()) {
        place.flaw(offset, `has a name that no variable can have: ${oneLine(key) || '""'}`);
      } else {
        const read = valueOf(value, inner);
        if (read !== undefined) values.push([key, read]);
      }
      seen.add(key);
    }
    return Object.fromEntries(values);
  },
  schema: (definitions) => ({
    type: 'object',
    additionalProperties: { anyOf: [SCALAR, fromVariable.schema(definitions)] },
  }),
});

function valueOf(node: YamlNode, place: Place): Environment[string] | undefined {
  if (node.kind === 'map') {
    const variable = fromVariable.read(node, place)?.from_variable;
    return variable === undefined ? undefined : { fromVariable: variable };
  }
  if (node.kind === 'scalar' && node.value !== null) {
    if (/\0/.test(node.text)) return place.flaw(node.offset, 'has a NUL character in it');
    return node.text.isWellFormed() ? node.text : place.flaw(node.offset, 'has half a character in it');
  }
  return place.flaw(node.offset, 'must be text ("" for an empty one) or { from_variable: NAME }');
}
