/** The engine's chunk store as a whole: figures, verification, repair of the index. */

import { verifyStore } from '../vault/index.ts';
import { collect } from './collect.ts';
import type { ChunkStore } from './store-face.ts';
import type { Home } from './home.ts';
import { attach, rebuild } from './recover.ts';
import { storeReport } from './store-report.ts';

export function chunkStoreOf(home: Home): ChunkStore {
  return {
    stats: (options) => storeReport(home, options),
    verify: async (options = {}) => verifyStore((await home.vaultAlone('read', options)).itself, options),
    collect: (options) => collect(home, options),
    attach: (options) => attach(home, options),
    rebuildIndex: (options) => rebuild(home, options),
  };
}
