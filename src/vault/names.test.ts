import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { isName } from '../store/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { idOf, identityOf, packId, parseName } from './names.ts';
import type { IntentId } from './names.ts';

const T = '000102030405060708090a0b0c0d0e0f';
const X = 'f0e1d2c3b4a5968778695a4b3c2d1e0f';

const NAMES: Readonly<Record<string, string>> = {
  format: 'format',
  'owner/0000000001': 'owner',
  'owner/9999999999': 'owner',
  [`keys/${T}/0000000012`]: 'keys',
  [`tenants/${T}/data/f0/${X}`]: 'data',
  [`tenants/${T}/tree/f0/${X}`]: 'tree',
  [`tenants/${T}/index/${X}`]: 'index',
  [`tenants/${T}/heads/${X}/0000000003`]: 'head',
};

const NO_NAMES: readonly string[] = [
  '',
  '/',
  'Format',
  'format/',
  'format/1',
  'owner',
  'owner/1',
  'owner/0000000000',
  'owner/00000000001',
  'owner/0000000001/',
  'owner/0000000001/x',
  'owner/000000001a',
  'owner/٠٠٠٠٠٠٠٠٠١',
  'owners/0000000001',
  `keys/${T}`,
  `keys/${T}/0000000000`,
  `keys/${T.toUpperCase()}/0000000001`,
  `keys/${T}00/0000000001`,
  `keys/../${T}/0000000001`,
  `tenants/${T}`,
  `tenants/${T}/data/${X}`,
  `tenants/${T}/data/f1/${X}`,
  `tenants/${T}/data/f0/${X}/x`,
  `tenants/${T}/intents/${X}`,
  `tenants/${T}/other/f0/${X}`,
  `tenants/${T}/constructor/${X}`,
  `tenants/${T}/index/${X}\n`,
  `tenants/${T}/heads/${X}`,
  `tenants/${T}/heads/${X}/0000000000`,
  `tenants//index/${X}`,
  `/tenants/${T}/index/${X}`,
];

describe('names', () => {
  for (const [name, kind] of Object.entries(NAMES))
    it(`[V1] ${name} is ${kind}, and is written so`, () => {
      const parsed = parseName(name);
      expect(parsed?.kind).toBe(kind);
      expect(isName(name)).toBe(true);
      expect(identityOf(parsed!)?.name ?? 'format').toBe(name);
    });

  for (const name of NO_NAMES)
    it(`[V1] ${JSON.stringify(name)} is none of ours`, () => {
      expect(parseName(name)).toBeUndefined();
    });

  it('[V1] any text is parsed to what is written so, or not at all', () => {
    const part = fc.constantFrom(
      'tenants',
      'keys',
      'owner',
      'data',
      'heads',
      'f0',
      T,
      X,
      '0000000001',
      '..',
      '',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const name = parts.join('/');
        const parsed = parseName(name);
        if (parsed !== undefined) expect(identityOf(parsed)?.name).toBe(name);
      }),
    );
  });

  it('[V2] an intent names every pack of its save', () => {
    const intent = Uint8Array.from({ length: 16 }, (_, at) => at) as IntentId;
    expect(toHex(packId(intent, 0))).toBe('4b61b28da77261a4a61cdbfa1913e78c');
    expect(toHex(packId(intent, 258))).toBe('80aeba9467c733e6585473e68e9cc78b');
  });
});

it('[V39] reads an id from its hex', () => {
  expect(toHex(idOf(X))).toBe(X);
});

it.each(['', X.slice(1), `${X}00`, X.toUpperCase(), 'z'.repeat(32)])('[V39] %j is no id', (hex) => {
  const { code, hint } = thrownBy(() => idOf(hex));
  expect([code, hint]).toEqual(['integrity', expect.stringContaining('strata store rebuild-index')]);
});
