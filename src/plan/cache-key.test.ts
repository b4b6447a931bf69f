import fc from 'fast-check';
import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { MAX_CACHE_KEY, evaluateCacheKey, isCacheKeyFlaw, parseCacheKey } from './cache-key.ts';
import type { CacheKeyPart, CacheKeyWorld } from './cache-key.ts';

const WORLD: CacheKeyWorld = {
  checksum: async (algorithm, path) => `${algorithm}<${path}>`,
  env: (name) => ({ BRANCH: 'main', LINES: 'a\nb', LONG: 'x'.repeat(2000) })[name],
  os: 'linux',
  arch: 'amd64',
  now: Date.UTC(2026, 0, 5, 23, 59, 59, 999),
};

it.each<[string, CacheKeyPart[], string]>([
  ['npm', ['npm'], 'npm'],
  ['go-{{ arch }}', ['go-', { call: 'arch', argument: '' }], 'go-amd64'],
  [
    '{{arch}}{{os}}',
    [
      { call: 'arch', argument: '' },
      { call: 'os', argument: '' },
    ],
    'amd64linux',
  ],
  ['{{ md5sum "go.sum" }}', [{ call: 'md5sum', argument: 'go.sum' }], 'md5<go.sum>'],
  ['{{ md5sum go.sum }}', [{ call: 'md5sum', argument: 'go.sum' }], 'md5<go.sum>'],
  ['{{ sha256sum `a "b".txt` }}', [{ call: 'sha256sum', argument: 'a "b".txt' }], 'sha256<a "b".txt>'],
  ['{{ md5sum "}}\\"\\\\" }}-x', [{ call: 'md5sum', argument: '}}"\\' }, '-x'], 'md5<}}"\\>-x'],
  ['b-{{ env "BRANCH" }}', ['b-', { call: 'env', argument: 'BRANCH' }], 'b-main'],
  ['b-{{ env "GONE" }}', ['b-', { call: 'env', argument: 'GONE' }], 'b-'],
  ['{{ year }}-{{ month }}-{{ day }}', expect.anything() as never, '2026-01-05'],
  ['{{ unixtime }}', [{ call: 'unixtime', argument: '' }], '1767657599'],
  ['a } } b { { c', ['a } } b { { c'], 'a } } b { { c'],
  ['a }} b', ['a }} b'], 'a }} b'],
])('[P70] %s', async (template, parts, key) => {
  const parsed = parseCacheKey(template);
  if (isCacheKeyFlaw(parsed)) throw new Error(parsed.problem);
  expect(parsed.parts).toEqual(parts);
  expect(await evaluateCacheKey(parsed, WORLD)).toBe(key);
});

it.each<[string, string, number, RegExp]>([
  ['', 'it is empty', 0, /name/],
  ['x'.repeat(MAX_CACHE_KEY + 1), 'it has 1025 characters', MAX_CACHE_KEY, /1024/],
  ['a\nb', 'it has a control character', 1, /one line/],
  ['go-{{ arch', '`{{` has no `}}`', 3, /Close/],
  ['go-{{ md5sum "a }}', 'md5sum takes one file', 13, /"…"/],
  ['go-{{ md5sum "a }}"', '`{{` has no `}}`', 3, /Close/],
  ['go-{{ }}', 'a call is empty', 5, /md5sum, sha256sum/],
  ['go-{{ md5 "go.sum" }}', 'there is no function "md5"', 6, /There are md5sum/],
  ['{{ archs }}', 'there is no function "archs"', 3, /mean arch\?/],
  ['{{ .Environment }}', 'there is no function ".Environment"', 3, /There are/],
  ['{{ constructor }}', 'there is no function "constructor"', 3, /There are/],
  ['{{ __proto__ }}', 'there is no function "__proto__"', 3, /There are/],
  ['{{ arch "x" }}', 'arch takes nothing', 8, /\{\{ arch \}\}/],
  ['{{ md5sum }}', 'md5sum lacks its file', 3, /"…"/],
  ['{{ md5sum "" }}', 'md5sum takes one file', 10, /"…"/],
  ['{{ md5sum "a" "b" }}', 'md5sum takes one file', 10, /"…"/],
  ['{{ env A | printf }}', 'env takes one variable', 7, /"…"/],
])('[P71] %j is refused: %s', (template, problem, at, hint) => {
  expect(parseCacheKey(template)).toEqual({ problem, at, hint: expect.stringMatching(hint) });
});

it('[P71] any text is read, or refused with a place in it', () => {
  const pieces = fc.constantFrom('{{', '}}', '"', '`', '\\', ' ', 'md5sum', 'arch', 'x', '-', '\n', '{', '}');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces).map((all) => all.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (template) => {
        const parsed = parseCacheKey(template);
        const place = isCacheKeyFlaw(parsed) ? parsed.at : 0;
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThanOrEqual(template.length);
        if (!isCacheKeyFlaw(parsed)) expect(parsed.parts.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 3000 },
  );
});

it('[P71] a hostile template costs no time', () => {
  const began = performance.now();
  for (const piece of ['{{', '{{"', '{{ md5sum "\\', '{{`', '{{ ']) {
    parseCacheKey(piece.repeat(MAX_CACHE_KEY).slice(0, MAX_CACHE_KEY));
    parseCacheKey(piece.repeat(1_000_000));
  }
  expect(performance.now() - began).toBeLessThan(1000);
});

it.each([['{{ env "LINES" }}'], ['{{ env "LONG" }}'], ['{{ env "GONE" }}']])(
  '[P72] %s does not come out as a key',
  async (template) => {
    const parsed = parseCacheKey(template);
    if (isCacheKeyFlaw(parsed)) throw new Error(parsed.problem);
    await expectCode('bad_input', evaluateCacheKey(parsed, WORLD));
  },
);
