import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Patterns, When } from './definition.ts';
import { PatternError, search } from './program.ts';
import { compile } from './regexp.ts';
import { matches } from './when.ts';
import type { RunSource } from './when.ts';

const only = (include: string[], exclude: string[] = []): Patterns => ({ include, exclude });
const NONE: When = { branch: undefined, tag: undefined, ref: undefined };

it.each<[Partial<When> | undefined, RunSource, boolean]>([
  [undefined, {}, true],
  [{ branch: only(['main']) }, { branch: 'main' }, true],
  [{ branch: only(['main']) }, { branch: 'main2' }, false],
  [{ branch: only(['main']) }, { tag: 'main' }, false],
  [{ branch: only(['main']) }, { branch: '' }, false],
  [{ branch: only(['a', '/^rel/']) }, { branch: 'release' }, true],
  [{ branch: only(['/el/']) }, { branch: 'release' }, true],
  [{ branch: only(['#el#']) }, { branch: 'release' }, true],
  [{ branch: only(['/el']) }, { branch: '/el' }, true],
  [{ branch: only(['//']) }, { branch: '//' }, true],
  [{ branch: only(['//']) }, { branch: 'a' }, false],
  [{ branch: only(['/.*/'], ['wip']) }, { branch: 'wip' }, false],
  [{ branch: only([], ['wip']) }, { branch: 'main' }, false],
  [{ branch: only(['main']), tag: only(['/^v/']) }, { branch: 'main' }, true],
  [{ branch: only(['main']), tag: only(['/^v/']) }, { tag: 'v1' }, true],
  [{ branch: only(['main']), tag: only(['/^v/']) }, { tag: '1' }, false],
  [{ ref: only(['refs/heads/main']) }, { branch: 'main' }, true],
  [{ ref: only(['refs/tags/v1']) }, { tag: 'v1' }, true],
  [{ ref: only(['/pull/']) }, { ref: 'refs/pull/7/head' }, true],
  [{ ref: only(['/pull/']) }, {}, false],
  [{ branch: only(['main']), ref: only([], ['/heads/']) }, { branch: 'main' }, false],
  [{ branch: only(['main']), ref: only(['refs/tags/v1']) }, { branch: 'main' }, true],
  [{ branch: only(['other']), ref: only(['/heads/']) }, { branch: 'main' }, true],
])('[P11] %j of %j: %s', (when, source, expected) => {
  expect(matches(when && { ...NONE, ...when }, source)).toBe(expected);
});

const matchesText = (expression: string, text: string) => search(compile(expression), text);

describe('regular expressions', () => {
  it.each([
    ['a', 'bab', true],
    ['^a$', 'a', true],
    ['^a$', 'a\n', false],
    ['^v\\d+\\.\\d+$', 'v1.22', true],
    ['^v\\d+\\.\\d+$', 'v1x22', false],
    ['^(a|bc)+$', 'abcbc', true],
    ['^(a|bc)+$', 'abcb', false],
    ['^a{2,3}$', 'aa', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^a{2}$', 'aaa', false],
    ['^a{,2}$', 'a{,2}', true],
    ['^a{0}$', '', true],
    ['^[a-c_]+$', 'abc_', true],
    ['^[^a-c]+$', 'xyz', true],
    ['^[^a-c]+$', 'xaz', false],
    ['^[]a-]+$', ']-a', true],
    ['^[[:alpha:][:digit:]-]+$', 'ab-9', true],
    ['^[[:^alpha:]]$', 'a', false],
    ['^[\\d\\-/]+$', '1-/2', true],
    ['(?i)^MAIN$', 'main', true],
    ['(?i)^[A-C]+$', 'abc', true],
    ['(?i)^[^a]$', 'A', false],
    ['^(?i:a)b$', 'Ab', true],
    ['^(?i:a)b$', 'AB', false],
    ['(?i)a(?-i)b', 'AB', false],
    ['^(?:a|b)?$', '', true],
    ['^(?P<major>\\d)$', '7', true],
    ['^(?<major>\\d)$', '7', true],
    ['\\Aa\\z', 'a', true],
    ['\\bfix\\b', 'a-fix-b', true],
    ['\\bfix\\b', 'prefix', false],
    ['^a.c$', 'a\nc', false],
    ['(?s)^a.c$', 'a\nc', true],
    ['(?m)^b$', 'a\nb\nc', true],
    ['^.$', '💥', true],
    ['^\\x41\\x{1F4A5}$', 'A💥', true],
    ['^release\\/\\#\\-1$', 'release/#-1', true],
    ['^(a*)*$', 'aaa', true],
    ['^a*?b+?$', 'aab', true],
    ['', 'anything', true],
    ['^(|a)$', '', true],
  ])('[P12] /%s/ in %j: %s', (expression, text, expected) => {
    expect(matchesText(expression, text)).toBe(expected);
  });

  it.each([
    ['(a', 'a ( is not closed'],
    ['a)', 'a ) closes nothing'],
    ['[a', 'a [ is not closed'],
    ['[b-a]', 'ends before it begins'],
    ['a{3,2}', 'ends before it begins'],
    ['*a', 'nothing before *'],
    ['a**', 'two repetitions'],
    ['a\\', 'nothing after'],
    ['(?=a)', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', '\\1 is not taken'],
    ['\\pL', '\\p is not taken'],
    ['[[:alfa:]]', 'not known'],
    ['[[:', 'not known'],
    ['(((a{10}){10}){10}){10}', 'too large'],
    ['a{1001}', 'too large'],
    ['('.repeat(500), 'nests too deeply'],
    ['a'.repeat(1001), 'longer than 1000'],
  ])('[P12] /%s/ is none: %s', (expression, message) => {
    expect(() => compile(expression)).toThrow(PatternError);
    expect(() => compile(expression)).toThrow(message);
  });

  /** Expressions that mean the same in both languages. */
  const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => ({
    atom: fc.oneof(
      // Deeper ones take JavaScript's own too long.
      { depthSize: 'small', maxDepth: 2 },
      fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\b', '^', '$'),
      tie('expression').map((inner) => `(?:${inner})`),
    ),
    expression: fc
      .array(
        fc.tuple(tie('atom'), fc.constantFrom('', '', '*', '+', '?', '{1,2}', '{2}')).map(([atom, count]) =>
          // JavaScript repeats no assertion.
          ['^', '$', '\\b'].includes(atom) ? atom : atom + count,
        ),
        { minLength: 1, maxLength: 4 },
      )
      .chain((parts) => fc.constantFrom('', '|').map((between) => parts.join(between))),
  }));

  it('[P12] they match what those of JavaScript match', () => {
    let matched = 0;
    fc.assert(
      fc.property(
        expression,
        fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 6 }),
        (source, text) => {
          const expected = new RegExp(source, 'u').test(text);
          if (expected) matched++;
          expect(matchesText(source, text)).toBe(expected);
        },
      ),
      { numRuns: 3000 },
    );
    expect(matched).toBeGreaterThan(300);
  });

  it('[P12] whatever the text: a program or a PatternError', () => {
    const odd = fc.string({ unit: fc.constantFrom(...'ab(){}[]^$*+?|\\-:,1d.i<>P💥'), maxLength: 30 });
    fc.assert(
      fc.property(odd, (source) => {
        try {
          search(compile(source), 'ab1-💥');
        } catch (error) {
          expect(error).toBeInstanceOf(PatternError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['(a+)+$', `${'a'.repeat(1000)}b`],
    ['^(a|a)*$', `${'a'.repeat(1000)}b`],
    ['(.*)*(.*)*(.*)*x', 'a'.repeat(1024)],
    [`${'a?'.repeat(240)}${'a'.repeat(240)}$`, 'a'.repeat(239)],
    ['(((a{5}){5}){5}){5}x', 'a'.repeat(1024)],
    ['a', 'b'.repeat(2_000_000)],
  ])('[P12] /%s/ takes no time', { timeout: 3000 }, (source, text) => {
    expect(matchesText(source, text)).toBe(false);
  });
});
