/**
 * YAML (and so JSON) as values that know where they stand. The text may be hostile: what could multiply (aliases) or change what
 * the rest means (tags, directives) is refused, and depth and work are bounded before anything is built.
 */

import type { ParsedNode, CST as Syntax } from 'yaml';

import { Flaws } from './flaw.ts';

export type YamlNode = YamlScalar | YamlList | YamlMap;

export interface YamlScalar {
  readonly kind: 'scalar';
  readonly offset: number;
  readonly value: string | number | boolean | null;
  /** As it is written, without quotes: `1.20` stays `1.20`. */
  readonly text: string;
}

export interface YamlList {
  readonly kind: 'list';
  readonly offset: number;
  readonly items: readonly YamlNode[];
}

/** Keys in the order of the file, and as often as they are there. */
export interface YamlMap {
  readonly kind: 'map';
  readonly offset: number;
  readonly entries: readonly { readonly key: string; readonly offset: number; readonly value: YamlNode }[];
}

export interface YamlDocument {
  /** Undefined: there is nothing in it, or something is wrong with it. */
  readonly root: YamlNode | undefined;
  /** Of the syntax; more can be added. */
  readonly flaws: Flaws;
}

/** Levels of lists and maps. One level is up to two things that the parser has open. */
const MAX_DEPTH = 32;
/** Lexemes: a megabyte of ordinary text has half as many. */
const MAX_LEXEMES = 800_000;
/** Enough to correct a file, and the rest follows from them as a rule. */
const MAX_SYNTAX_FLAWS = 100;

/** By the first character of a lexeme that is no text. */
const REFUSED: Readonly<Record<string, string>> = {
  '*': 'an alias (*name) is not taken: write out what it stands for',
  '&': 'an anchor (&name) is not taken: there are no aliases',
  '!': 'a tag (!name) is not taken: put text in quotes',
  '%': 'a directive (%NAME) is not taken',
};
const BETWEEN = ' \t\r\n#';

export async function parseYaml(source: string, maxCharacters: number): Promise<YamlDocument> {
  const { CST, Composer, Lexer, Parser, isMap, isScalar, isSeq } = await import('yaml');
  const flaws = new Flaws(source);

  if (source.length > maxCharacters) {
    flaws.add(0, `the file has more than ${maxCharacters} characters`);
    return { root: undefined, flaws };
  }

  /** The syntax, as tokens; undefined once something is wrong that makes going on pointless or dear. */
  const tokens = (): Syntax.Token[] | undefined => {
    const parser = new Parser();
    const found: Syntax.Token[] = [];
    const stop = (message: string) => void flaws.add(parser.offset, message);
    let count = 0;
    let before = '';
    for (const lexeme of new Lexer().lex(source)) {
      const first = lexeme[0] ?? '';
      // What follows this mark is the text of a scalar, whatever it looks like.
      if (before !== CST.SCALAR) {
        const refusal = REFUSED[first];
        if (refusal !== undefined) flaws.add(parser.offset, refusal);
        // The parser would go on, with an error object for each of a million commas.
        if (lexeme === ',' && before === ',') return stop('there is nothing before this comma');
      }
      if (before === CST.SCALAR || !BETWEEN.includes(first)) before = lexeme;
      for (const token of parser.next(lexeme)) found.push(token);
      if (++count > MAX_LEXEMES) return stop('the file has too many parts');
      if (parser.stack.length > 2 * MAX_DEPTH) return stop(`the file nests deeper than ${MAX_DEPTH} levels`);
      if (flaws.count >= MAX_SYNTAX_FLAWS) return undefined;
    }
    found.push(...parser.end());
    return flaws.count === 0 ? found : undefined;
  };

  const compose = (syntax: readonly Syntax.Token[]): ParsedNode | null => {
    // Equal keys are found by whoever reads a map: the parser would compare each with each.
    const options = { prettyErrors: false, uniqueKeys: false, stringKeys: true };
    const [first, second] = new Composer(options).compose(syntax, true, source.length);
    for (const { pos, message } of [...(first?.errors ?? []), ...(first?.warnings ?? [])]) {
      flaws.add(pos[0], message);
    }
    if (second !== undefined) flaws.add(second.range[0], 'a second document begins here: one is taken');
    return first?.contents ?? null;
  };

  const convert = (node: ParsedNode | null, offset: number): YamlNode => {
    if (isSeq(node)) {
      const items = node.items.map((item) => convert(item, item?.range[0] ?? offset));
      return { kind: 'list', offset: node.range[0], items };
    }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }) => ({
        key: isScalar(key) ? String(key.value) : '',
        offset: key.range[0],
        value: convert(value, key.range[0]),
      }));
      return { kind: 'map', offset: node.range[0], entries };
    }
    // An entry of a flow map without a colon.
    if (!isScalar(node)) return { kind: 'scalar', offset, value: null, text: '' };
    const value = node.value as YamlScalar['value'];
    const text = typeof value === 'string' ? value : (node.source ?? '');
    return { kind: 'scalar', offset: node.range[0], value, text };
  };

  const syntax = tokens();
  const contents = syntax === undefined ? null : compose(syntax);
  if (contents === null || flaws.count > 0) return { root: undefined, flaws };
  return { root: convert(contents, contents.range[0]), flaws };
}
