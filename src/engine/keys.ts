/** The engine's keys: what opens the store, and how that is replaced or kept safe. */

import { toHex } from '../base/index.ts';
import { formatRootKey, rootKeyId, rotateRoot } from '../vault/index.ts';
import type { KeyStatus, Keys } from './engine.ts';
import type { Home } from './home.ts';
import { describeSource, nextRootKey } from './root-keys.ts';
import type { RotateOptions } from './root-keys.ts';

export function keysOf(home: Home): Keys {
  return {
    status: () => status(home),
    rotateRoot: (options) => rotate(home, options),
    exportRecovery: async () => {
      const { storeId } = await home.vault('read');
      const [secret] = await home.findRootKeys(storeId, false);
      return formatRootKey(secret);
    },
  };
}

async function status(home: Home): Promise<KeyStatus> {
  const vault = await home.vault('read');
  return {
    source: describeSource(home.keySource),
    rootKey: vault.rootKeyId,
    storeId: toHex(vault.storeId),
    tenants: await vault.tenants(),
  };
}

async function rotate(home: Home, options: RotateOptions = {}): Promise<KeyStatus> {
  const vault = await home.vault('read');
  const before = await status(home);
  const next = await nextRootKey(home.keySource, vault.storeId, options, home.keyWorld);
  await rotateRoot(vault, next.secret, next.activate, options);
  home.reopen();
  // What the configuration names still gives the old key: the new one is only told of here.
  if (home.keySource.kind !== 'key_file')
    home.keyWorld.notice('The root key is another now: change `storage.encryption` to match.');
  return { ...before, rootKey: rootKeyId(next.secret) };
}
