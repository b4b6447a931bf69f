/** The engine's keys: what opens the store, and how that is replaced or kept safe. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { destroyTenant, formatRootKey, rootKeyId, rotateRoot, rotateTenant } from '../vault/index.ts';
import type { KeyStatus, Keys } from './engine.ts';
import type { Home } from './home.ts';
import { describeSource, nextRootKey } from './root-keys.ts';
import type { RotateOptions } from './root-keys.ts';

export function keysOf(home: Home): Keys {
  return {
    status: (options) => status(home, options),
    rotateRoot: (options) => rotate(home, options),
    rotateTenant: async (name, options = {}) => {
      await rotateTenant(await home.vault('change', options), name, options);
      return status(home, options);
    },
    destroyTenant: async (name, options = {}) =>
      destroyTenant(await home.vault('change', options), name, options),
    exportRecovery: async (options = {}) => {
      const { storeId } = await home.vault('read', options);
      const [secret] = await home.findRootKeys(storeId, false, options);
      return formatRootKey(secret);
    },
  };
}

async function status(home: Home, options: Cancellable = {}): Promise<KeyStatus> {
  const vault = await home.vault('read', options);
  return {
    source: describeSource(home.keySource),
    rootKey: vault.rootKeyId,
    storeId: toHex(vault.storeId),
    tenants: await vault.tenants(options),
  };
}

async function rotate(home: Home, options: RotateOptions = {}): Promise<KeyStatus> {
  const vault = await home.vault('read', options);
  const before = await status(home, options);
  const next = await nextRootKey(home.keySource, vault.storeId, options, home.keyWorld);
  home.log?.(`new root key prepared: ${rootKeyId(next.secret)}`);
  await rotateRoot(vault, next.secret, next.activate, options);
  home.log?.('all key records sealed with the new root key');
  home.reopen();
  // What the configuration names still gives the old key: the new one is only told of here.
  if (home.keySource.kind !== 'key_file')
    home.keyWorld.notice('The root key is another now: change `storage.encryption` to match.');
  return { ...before, rootKey: rootKeyId(next.secret) };
}
