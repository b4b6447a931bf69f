import { expect, it } from 'vitest';

import { ByteWriter, concatBytes, sha256, utf8 } from '../base/index.ts';
import { HEADER_BYTES, ObjectSealer, objectId } from '../chunk/index.ts';
import { noise, pinnedRandom } from '../testing/noise.ts';
import { packIdentity } from './names.ts';
import type { PackId } from './names.ts';
import { FOOTER_BYTES, openByRange } from './sealed-object.ts';
import { KEYRING } from './writer.fixture.ts';

it('[V3] a trailer that is impossibly long is damage, and is not read', async () => {
  const identity = packIdentity(KEYRING.tenant, 'data', noise('pack', 16) as PackId);
  const { header } = new ObjectSealer(KEYRING.seal('data'), identity, pinnedRandom('long'));
  const size = 2 ** 31;
  const place = new ByteWriter()
    .u32(HEADER_BYTES)
    .u32(size - FOOTER_BYTES - HEADER_BYTES)
    .finish();
  // Its sum has no key: whoever can write to the store can make it.
  const sum = sha256(concatBytes([utf8('strata footer v1'), objectId(identity.name), place])).subarray(0, 8);
  const asked: number[] = [];
  const read = (offset: number, length: number) => {
    asked.push(length);
    return offset === 0 ? header : concatBytes([place, sum]);
  };
  const opening = openByRange(identity, size, read, KEYRING.find);
  await expect(opening).rejects.toMatchObject({
    code: 'integrity',
    message: expect.stringMatching(/long/) as string,
  });
  expect(asked).toEqual([HEADER_BYTES, FOOTER_BYTES]);
});
