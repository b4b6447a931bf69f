/** The engine's chunk store as a whole: figures, verification, repair of the index. */

import { systemClock } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { adoptTenants, rebuildIndex, verifyStore } from '../vault/index.ts';
import { recoverWorkspaces, storeStats } from '../workspace/index.ts';
import { collect } from './collect.ts';
import type { ChunkStore, RebuildResult } from './engine.ts';
import type { Home } from './home.ts';

export function chunkStoreOf(home: Home): ChunkStore {
  return {
    stats: async (options) => storeStats(await home.world('read', options), options),
    verify: async (options) => verifyStore(await home.vault('read', options), options),
    collect: (options) => collect(home, options),
    rebuildIndex: (options) => rebuild(home, options),
  };
}

async function rebuild(home: Home, options: Cancellable = {}): Promise<RebuildResult> {
  const started = systemClock();
  // Without anything to rebuild from it ends here.
  if (!(await home.exists())) await home.vault('read', options);
  const vault = await home.vault('adopt', options);
  const total = { packs: 0, chunks: 0, workspaces: 0, snapshots: 0 };
  const unreadable: string[] = [];
  for (const name of await adoptTenants(vault, options)) {
    const tenant = await vault.tenant(name, options);
    const index = await rebuildIndex(vault.world, tenant, options);
    home.log?.(`index of tenant ${name} made anew: ${index.packs} packs, ${index.chunks} chunks`);
    const rows = await recoverWorkspaces({ database: vault.world.database, vault: tenant }, options);
    total.packs += index.packs;
    total.chunks += index.chunks;
    total.workspaces += rows.workspaces;
    total.snapshots += rows.snapshots;
    unreadable.push(...index.unreadable, ...rows.unreadable);
  }
  return { ...total, unreadable, seconds: (systemClock() - started) / 1000 };
}
