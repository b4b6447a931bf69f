/** Floor 1: sealed bytes under names, on a local disk or an object store. */

export type { Body, GetOptions, Store, StoreOptions, StoredObject } from './store.ts';
