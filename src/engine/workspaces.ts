/** The engine's workspaces: each call finds its world, and leaves the work to the room below. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import * as workspace from '../workspace/index.ts';
import type { Workspaces } from './engine.ts';
import type { Home } from './home.ts';

export function workspacesOf(home: Home): Workspaces {
  const read = (options?: Cancellable) => home.world('read', options);
  const change = (options?: Cancellable) => home.world('change', options);
  return {
    save: async (directory, options) => {
      // A mistyped path must not make a home.
      await using ahead = await workspace.prepareSave(directory, options, home.cacheDirectory);
      return await workspace.saveDirectory(await home.world('write', options), directory, options, ahead);
    },
    restore: async (ref, directory, options) =>
      workspace.restoreSnapshot(await read(options), ref, directory, options),
    list: async (options) => {
      if (!(await home.exists())) return [];
      const { database, vault } = await read(options);
      return workspace.listWorkspaces(database.kysely, toHex(vault.id));
    },
    log: async (name, options) => {
      const { database, vault } = await read(options);
      return workspace.listSnapshots(database.kysely, toHex(vault.id), name);
    },
    ls: (ref, options) => later(async () => workspace.list(await read(options), ref, options)),
    cat: (ref, options) => later(async () => workspace.cat(await read(options), ref, options)),
    diff: (before, after, options) =>
      later(async () => workspace.compare(await read(options), before, after, options)),
    manifest: (ref, options) => later(async () => workspace.manifest(await read(options), ref, options)),
    exportArchive: async (ref, write, options) =>
      workspace.exportArchive(await read(options), ref, write, options),
    importArchive: async (parts, options) => {
      // What is no archive must not make a home.
      const archive = await workspace.prepareImport(parts, options);
      return workspace.importArchive(await home.world('write', options), archive, options);
    },
    why: async (ref, options) => workspace.explainPath(await read(options), ref, options),
    remove: async (name, options) => workspace.removeWorkspace(await change(options), name, options),
    forget: async (ref, options = {}) =>
      workspace.forgetSnapshots(await (options.dryRun === true ? read : change)(options), ref, options),
    fork: async (ref, name, options) => workspace.forkWorkspace(await change(options), ref, name, options),
  };
}

/** An async iterable whose making is itself asynchronous. */
async function* later<Item>(make: () => Promise<AsyncIterable<Item>>): AsyncGenerator<Item, void> {
  yield* await make();
}
