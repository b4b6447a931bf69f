import { afterAll, expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { TestDatabases, openTestVault, testWorld } from '../testing/vault.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

it('[V71] bytes in a row open under their own name, for their tenant, and nothing of them shows', async () => {
  const vault = await openTestVault(testWorld(await databases.open()));
  const tenant = await vault.tenant('default');
  const plain = utf8('token: a secret of a variable');
  const sealed = tenant.sealRow('run/run-1', plain);
  expect(Buffer.from(tenant.openRow('run/run-1', sealed))).toEqual(Buffer.from(plain));
  expect(Buffer.from(sealed).includes('secret')).toBe(false);
  expect(tenant.sealRow('run/run-1', plain)).not.toEqual(sealed);
  expect(Buffer.from(tenant.openRow('x', tenant.sealRow('x', utf8(''))))).toHaveLength(0);

  expect(thrownBy(() => tenant.openRow('run/run-2', sealed)).code).toBe('integrity');
  const other = await vault.tenant('other');
  expect(['integrity', 'wrong_key']).toContain(thrownBy(() => other.openRow('run/run-1', sealed)).code);
});

it('[V71] each flipped bit, and each missing byte, is integrity', async () => {
  const tenant = await (await openTestVault(testWorld(await databases.open()))).tenant('default');
  const sealed = tenant.sealRow('r', utf8('some text'));
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const bytes = Uint8Array.from(sealed);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    expect(['integrity', 'wrong_key', 'unsupported_format']).toContain(
      thrownBy(() => tenant.openRow('r', bytes)).code,
    );
  }
  for (let length = 0; length < sealed.length; length++)
    expect(thrownBy(() => tenant.openRow('r', sealed.subarray(0, length))).code).toBe('integrity');
});
