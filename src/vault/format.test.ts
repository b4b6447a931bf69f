import { describe, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode, thrownBy } from '../testing/expect-code.ts';
import { formatText, parseFormat, putFormat, readFormat } from './format.ts';

const ID = Uint8Array.from({ length: 16 }, (_, at) => at);
const TEXT = formatText(ID);

function withSum(front: string): string {
  return `${front}sum ${toHex(sha256(utf8(front)))}\n`;
}

describe('the format object', () => {
  it('[V7] has exactly the bytes that were frozen, and is read back', () => {
    expect(TEXT).toBe(
      'strata-store 1\nid 000102030405060708090a0b0c0d0e0f\nsum 8bf6a8a2471945c1de55e6808a0cfabda2fb6ec9449026c0d4216b0ef62242ae\n',
    );
    expect(parseFormat(utf8(TEXT), 'store')).toEqual(ID);
  });

  it('[V7] each flipped bit and each cut is damage', () => {
    const bytes = utf8(TEXT);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
      expect(thrownBy(() => parseFormat(flipped, 'store')).code).toBe('integrity');
    }
    for (let length = 0; length < bytes.length; length++)
      expect(thrownBy(() => parseFormat(bytes.subarray(0, length), 'store')).code).toBe('integrity');
  });

  it('[V7] a newer format is unsupported_format, with a look of its own too', () => {
    const newer = withSum(`strata-store 2\nid ${toHex(ID)}\n`);
    for (const text of [newer, 'strata-store 12\n', 'strata-store 2\nname something\n'])
      expect(thrownBy(() => parseFormat(utf8(text), 'store')).code).toBe('unsupported_format');
  });

  const OTHERS = [
    '\uFEFF' + TEXT,
    ` ${TEXT}`,
    `${TEXT}\n`,
    TEXT.replaceAll('\n', '\r\n'),
    withSum(`strata-store 0\nid ${toHex(ID)}\n`),
    withSum(`strata-store 01\nid ${toHex(ID)}\n`),
    'strata-store x\n',
    '',
  ];
  for (const text of OTHERS)
    it(`[V7] ${JSON.stringify(text.slice(0, 20))}… is damage`, () => {
      expect(thrownBy(() => parseFormat(utf8(text), 'store')).code).toBe('integrity');
    });
});

describe('a store that is made', () => {
  it('[V98] is refused where one object can take the place of another, and nothing of it stays', async () => {
    const store = openMemoryStore();
    const careless: Store = {
      ...store,
      async put(name, body, options) {
        await store.delete(name);
        return store.put(name, body, options);
      },
    };
    await expectCode('refused', putFormat(careless, ID));
    expect(await readFormat(store)).toBeUndefined();
    expect(await putFormat(store, ID)).toBe('created');
    expect(
      await putFormat(
        store,
        ID.map((byte) => byte ^ 7),
      ),
    ).toBe('exists');
    expect(await readFormat(store)).toEqual(ID);
  });
});
