/** Floor 1: sealed bytes under names, on a local disk or an object store. */

export { openLocalStore } from './local.ts';
export { openMemoryStore } from './memory.ts';
export { isName } from './name.ts';
export type { Body, GetOptions, Store, StoredObject } from './store.ts';
