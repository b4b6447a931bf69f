/**
 * Regular expressions as Go's RE2 has them, which is what run files are written for.
 *
 * Taken: literals, `.`, classes with ranges and `\d \w \s`, `[[:alpha:]]`, groups (named or not), `|`, `* + ? {n,m}` (lazy or not: only
 * whether something matches is asked), `^ $ \A \z \b \B`, and the flags `(?i)`, `(?s)`, `(?m)`, `(?U)`. Not in RE2 either: look-around, references.
 */

import {
  NONE,
  PatternError,
  any,
  append,
  bounded,
  code,
  either,
  not,
  repeat,
  set,
  within,
} from './program.ts';
import type { Program, Step, Test } from './program.ts';

/** Of the text of an expression. */
export const MAX_PATTERN = 1000;
const MAX_NESTING = 100;
/** @throws PatternError */
export function compile(source: string): Program {
  if (source.length > MAX_PATTERN) throw new PatternError(`it is longer than ${MAX_PATTERN} characters`);
  return new Compiler(source).program();
}

const digit = within('0', '9');
const lower = within('a', 'z');
const upper = within('A', 'Z');
const word = any(digit, lower, upper, set('_'));
const CLASSES: Readonly<Record<string, Test>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: set('\t\n\f\r '),
  S: not(set('\t\n\f\r ')),
};
const NAMED_CLASSES: Readonly<Record<string, Test>> = {
  alnum: any(digit, lower, upper),
  alpha: any(lower, upper),
  ascii: within('\0', '\x7f'),
  blank: set('\t '),
  digit,
  lower,
  punct: any(within('!', '/'), within(':', '@'), within('[', '`'), within('{', '~')),
  space: set('\t\n\v\f\r '),
  upper,
  word,
  xdigit: any(digit, within('a', 'f'), within('A', 'F')),
};
const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', f: '\f', t: '\t', n: '\n', r: '\r', v: '\v' };

interface Mode {
  readonly i: boolean;
  readonly s: boolean;
  readonly m: boolean;
}

class Compiler {
  readonly #source: readonly string[];
  #at = 0;
  #depth = 0;
  #mode: Mode = { i: false, s: false, m: false };

  constructor(source: string) {
    this.#source = Array.from(source);
  }

  program(): Program {
    const steps = this.#alternatives();
    if (this.#at < this.#source.length) throw new PatternError('a ) closes nothing');
    return steps;
  }

  #next(): string | undefined {
    return this.#source[this.#at];
  }

  #skip(text: string): boolean {
    if (this.#source.slice(this.#at, this.#at + text.length).join('') !== text) return false;
    this.#at += text.length;
    return true;
  }

  #alternatives(): Step[] {
    if (++this.#depth > MAX_NESTING) throw new PatternError('it nests too deeply');
    let steps = this.#sequence();
    while (this.#skip('|')) steps = bounded(either(steps, this.#sequence()));
    this.#depth--;
    return steps;
  }

  #sequence(): Step[] {
    const parts: Step[] = [];
    for (let next = this.#next(); next !== undefined && next !== '|' && next !== ')'; next = this.#next()) {
      append(parts, this.#repeated(this.#atom()));
      bounded(parts);
    }
    return parts;
  }

  #repeated(atom: Step[]): Step[] {
    let steps = atom;
    for (let times = 0; ; times++) {
      const range = this.#range();
      if (range === undefined) return steps;
      if (times > 0) throw new PatternError('two repetitions follow each other');
      this.#skip('?');
      steps = repeat(steps, ...range);
    }
  }

  #range(): [least: number, most: number] | undefined {
    if (this.#skip('*')) return [0, Infinity];
    if (this.#skip('+')) return [1, Infinity];
    if (this.#skip('?')) return [0, 1];
    const [all, least, comma, most] =
      /^\{(\d{1,4})(,?)(\d{0,4})\}/.exec(this.#source.slice(this.#at, this.#at + 12).join('')) ?? [];
    // A brace that begins no count is a brace.
    if (all === undefined || least === undefined || (comma === '' && most !== '')) return undefined;
    this.#at += all.length;
    const range: [number, number] = [
      Number(least),
      comma === '' ? Number(least) : most === '' ? Infinity : Number(most),
    ];
    if (range[0] > range[1]) throw new PatternError(`${all} ends before it begins`);
    return range;
  }

  #atom(): Step[] {
    const character = this.#source[this.#at++]!;
    if (character === '(') return this.#group();
    if (character === '[') return [this.#take(this.#class())];
    if (character === '\\') return [this.#escape()];
    if (character === '.') return [this.#take(this.#mode.s ? (at) => at !== NONE : not(set('\n')))];
    if (character === '^')
      return [this.#mode.m ? line((before) => before) : assert((before) => before === NONE)];
    if (character === '$')
      return [this.#mode.m ? line((_, after) => after) : assert((_, after) => after === NONE)];
    if ('*+?'.includes(character)) throw new PatternError(`there is nothing before ${character}`);
    return [this.#take(set(character))];
  }

  #group(): Step[] {
    const outer = this.#mode;
    if (this.#skip('?')) {
      const head = this.#source.slice(this.#at, this.#at + 70).join('');
      const name = /^P?<[A-Za-z_]\w{0,63}>/.exec(head)?.[0];
      const flags = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(head);
      if (name !== undefined) this.#at += name.length;
      else if (flags !== null) {
        this.#at += flags[0].length;
        const mode = (key: keyof Mode) => !flags[2]?.includes(key) && (outer[key] || flags[1]!.includes(key));
        this.#mode = { i: mode('i'), s: mode('s'), m: mode('m') };
        // Without a group of its own a flag holds to the end of the group that it stands in.
        if (flags[3] === ')') return [];
      } else throw new PatternError('look-around and groups (?…) of other kinds are not taken');
    }
    const steps = this.#alternatives();
    if (!this.#skip(')')) throw new PatternError('a ( is not closed');
    this.#mode = outer;
    return steps;
  }

  #escape(): Step {
    const character = this.#source[this.#at++];
    if (character === undefined) throw new PatternError(String.raw`there is nothing after \ `.trim());
    if (character === 'A') return assert((before) => before === NONE);
    if (character === 'z') return assert((_, after) => after === NONE);
    if (character === 'b') return assert((before, after) => word(before) !== word(after));
    if (character === 'B') return assert((before, after) => word(before) === word(after));
    return this.#take(CLASSES[character] ?? set(this.#literal(character)));
  }

  #literal(character: string): string {
    const escaped = ESCAPES[character];
    if (escaped !== undefined) return escaped;
    if (character === 'x') {
      const rest = this.#source.slice(this.#at, this.#at + 10).join('');
      const [all, braced, plain] = /^(?:\{([\da-fA-F]{1,6})\}|([\da-fA-F]{2}))/.exec(rest) ?? [];
      const point = Number.parseInt(braced ?? plain ?? '', 16);
      if (all !== undefined && point <= 0x10_ffff) {
        this.#at += all.length;
        return String.fromCodePoint(point);
      }
    }
    if (/[\p{L}\p{N}]/u.test(character)) throw new PatternError(`\\${character} is not taken`);
    return character;
  }

  #class(): Test {
    const negated = this.#skip('^');
    const tests: Test[] = [];
    for (let first = true; ; first = false) {
      if (this.#next() === undefined) throw new PatternError('a [ is not closed');
      if (!first && this.#skip(']')) break;
      tests.push(this.#member());
    }
    const all = this.#fold(any(...tests));
    return negated ? not(all) : all;
  }

  #member(): Test {
    if (this.#skip('[:')) {
      const end = this.#source.indexOf(':', this.#at);
      const name = this.#source.slice(this.#at, end).join('');
      const test = NAMED_CLASSES[name.replace(/^\^/, '')];
      if (end === -1 || test === undefined) throw new PatternError('a class [:…:] is not known');
      this.#at = end;
      if (!this.#skip(':]')) throw new PatternError('a class [:…:] is not closed');
      return name.startsWith('^') ? not(test) : test;
    }
    const first = this.#end();
    if (typeof first !== 'string') return first;
    if (this.#next() !== '-' || this.#source[this.#at + 1] === ']') return set(first);
    this.#at++;
    const last = this.#end();
    if (typeof last !== 'string' || code(first) > code(last)) {
      throw new PatternError('a range in [ ] ends before it begins');
    }
    return within(first, last);
  }

  /** One end of a range, or a class. */
  #end(): string | Test {
    const character = this.#source[this.#at++];
    if (character === undefined) throw new PatternError('a [ is not closed');
    if (character !== '\\') return character;
    const escaped = this.#source[this.#at++];
    if (escaped === undefined) throw new PatternError('a [ is not closed');
    return CLASSES[escaped] ?? this.#literal(escaped);
  }

  #take(test: Test): Step {
    return { kind: 'take', test: this.#fold(test) };
  }

  #fold(test: Test): Test {
    if (!this.#mode.i) return test;
    return (at) => {
      if (at === NONE) return false;
      const character = String.fromCodePoint(at);
      return test(at) || test(code(character.toLowerCase())) || test(code(character.toUpperCase()));
    };
  }
}

const assert = (holds: (before: number, after: number) => boolean): Step => ({ kind: 'assert', holds });
const line = (side: (before: number, after: number) => number): Step =>
  assert((before, after) => [NONE, 10].includes(side(before, after)));
