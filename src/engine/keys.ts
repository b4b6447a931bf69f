/** The engine's keys: what opens the stores of all regions, and how that is replaced or kept safe. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { destroyTenant, formatRootKey, rootKeyId, rotateRoot, rotateTenant } from '../vault/index.ts';
import type { RotatedStore, Vault } from '../vault/index.ts';
import type { KeyStatus, Keys, RegionKeys } from './engine.ts';
import type { Home } from './home.ts';
import { describeSource, nextRootKey } from './root-keys.ts';
import type { NextKey, RotateOptions } from './root-keys.ts';

/** Keys are looked for anew each time: another process may have replaced them. */
export function keysOf(home: Home): Keys {
  return {
    status: async (options) => {
      home.reopen();
      return status(home, options);
    },
    rotateRoot: (options) => rotate(home, options),
    rotateTenant: async (name, options = {}) => {
      await inEach(home, name, (vault) => rotateTenant(vault, name, options), options);
      return status(home, options);
    },
    destroyTenant: async (name, options = {}) => {
      await inEach(home, name, (vault) => destroyTenant(vault, name, options), options);
      const { homeRunner, sessionWorld } = await import('./session-world.ts');
      const { forgetSessions } = await import('../session/index.ts');
      // What its sessions have on this disk is as readable as anything there.
      await forgetSessions(await sessionWorld(home, homeRunner(home), options), name, options);
    },
    exportRecovery: (options) => exportRecovery(home, options),
  };
}

async function status(home: Home, options: Cancellable = {}): Promise<KeyStatus> {
  const regions: RegionKeys[] = [];
  const problems: { readonly region: string; readonly message: string }[] = [];
  let failure: unknown;
  for (const region of await home.usedRegions(options)) {
    try {
      const vault = await home.vault('read', { ...options, region });
      const tenants = await vault.tenants(options);
      regions.push({ region, rootKey: vault.rootKeyId, storeId: toHex(vault.storeId), tenants });
    } catch (error) {
      // The others can be told all the same.
      if (!isStrataError(error, 'unavailable') && !isStrataError(error, 'bad_input')) throw error;
      failure ??= error;
      problems.push({ region, message: error.message });
    }
  }
  const [first] = regions;
  if (first === undefined) throw failure;
  return { source: describeSource(home.keySource), ...first, regions, problems };
}

async function rotate(home: Home, options: RotateOptions = {}): Promise<KeyStatus> {
  const before = await home.usedRegions(options);
  const stores: RotatedStore[] = [];
  let activate: NextKey['activate'] | undefined;
  for (const region of before) {
    const storeId = await home.storeId(region, options);
    const next = await nextRootKey(home.keySource, storeId, options, home.keyWorld);
    activate ??= next.activate;
    // A rotation that was cut off has given some regions the new key already, which only a key file remembers.
    const both = await home.vaultAlone('read', { ...options, region }, async (id, fresh, cancellable) => [
      ...(await home.findRootKeys(id, fresh, cancellable)),
      next.secret,
    ]);
    home.log?.(`new root key prepared: ${rootKeyId(next.secret)}`);
    stores.push({ vault: both, secret: next.secret });
  }
  const told = await Promise.all(stores.map((store) => keysAfter(store, options)));
  await rotateRoot(stores, activate ?? (async () => {}), options);
  home.log?.('all key records sealed with the new root key');
  home.reopen();
  // What the configuration names still gives the old key: the new one is only told of here.
  if (home.keySource.kind !== 'key_file')
    home.keyWorld.notice('The root key is another now: change `storage.encryption` to match.');
  return { source: describeSource(home.keySource), ...told[0]!, regions: told, problems: [] };
}

async function keysAfter({ vault, secret }: RotatedStore, options: Cancellable): Promise<RegionKeys> {
  return {
    region: vault.world.region,
    rootKey: rootKeyId(secret),
    storeId: toHex(vault.storeId),
    tenants: await vault.tenants(options),
  };
}

/**
 * Does something in every region that has a tenant, once it is known that each can be opened.
 *
 * @throws not_found if none has it; what `work` does, with what is done by then
 */
async function inEach(
  home: Home,
  tenant: string,
  work: (vault: Vault) => Promise<unknown>,
  options: Cancellable,
): Promise<void> {
  home.reopen();
  const used = await home.usedRegions(options);
  const having = await home.tenantRegions(tenant, options);
  const vaults: Vault[] = [];
  // Where there is none, the first says so.
  for (const region of having.length > 0 ? having : used.slice(0, 1))
    vaults.push(await home.vault('change', { ...options, region }));
  for (const vault of vaults) await vault.checkOwner(options);
  const done: string[] = [];
  for (const vault of vaults) {
    const { region } = vault.world;
    try {
      await work(vault);
      done.push(region);
    } catch (error) {
      if (done.length === 0 || !isStrataError(error)) throw error;
      throw new StrataError(
        error.code,
        `done in ${done.join(', ')}, and not yet in ${region}: ${error.message}`,
        {
          hint: 'Run the same command again when that is mended.',
          details: { ...error.details, done, failed: region },
          cause: error,
        },
      );
    }
  }
}

/** With a passphrase each store has a key of its own. */
async function exportRecovery(home: Home, options: Cancellable = {}): Promise<string> {
  const regionsByKey = new Map<string, string[]>();
  for (const region of await home.usedRegions(options)) {
    const [secret] = await home.findRootKeys(await home.storeId(region, options), false, options);
    const text = formatRootKey(secret);
    regionsByKey.set(text, [...(regionsByKey.get(text) ?? []), region]);
  }
  if (regionsByKey.size === 1) return [...regionsByKey.keys()][0]!;
  return [...regionsByKey].map(([text, regions]) => `# ${regions.join(', ')}\n${text}`).join('\n');
}
