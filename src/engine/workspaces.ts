/** The engine's workspaces: each call finds its world, and leaves the work to the room below. */

import { toHex } from '../base/index.ts';
import * as workspace from '../workspace/index.ts';
import type { Workspaces } from './engine.ts';
import type { Home } from './home.ts';

export function workspacesOf(home: Home): Workspaces {
  const read = () => home.world('read');
  return {
    save: async (directory, options) =>
      workspace.saveDirectory(await home.world('write'), directory, options),
    restore: async (ref, directory, options) =>
      workspace.restoreSnapshot(await read(), ref, directory, options),
    list: async () => {
      if (!(await home.exists())) return [];
      const { database, vault } = await read();
      return workspace.listWorkspaces(database.kysely, toHex(vault.id));
    },
    log: async (name) => {
      const { database, vault } = await read();
      return workspace.listSnapshots(database.kysely, toHex(vault.id), name);
    },
    ls: (ref, options) => later(async () => workspace.list(await read(), ref, options)),
    cat: (ref, options) => later(async () => workspace.cat(await read(), ref, options)),
    diff: (before, after, options) =>
      later(async () => workspace.compare(await read(), before, after, options)),
    manifest: (ref, options) => later(async () => workspace.manifest(await read(), ref, options)),
    fork: async (ref, name) => workspace.forkWorkspace(await read(), ref, name),
  };
}

/** An async iterable whose making is itself asynchronous. */
async function* later<Item>(make: () => Promise<AsyncIterable<Item>>): AsyncGenerator<Item, void> {
  yield* await make();
}
