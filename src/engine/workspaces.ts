/** The engine's workspaces: each call finds its world, and leaves the work to the room below. */

import { equalBytes } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import * as workspace from '../workspace/index.ts';
import type { ReplicateToOptions, Workspaces } from './engine.ts';
import type { Home } from './home.ts';
import { betweenRegions } from './home-errors.ts';
import { chooseRegion, withOthers } from './nearest.ts';
import type { InRegion } from './regions.ts';

export function workspacesOf(home: Home): Workspaces {
  const read = (ref: string, options?: InRegion) => home.worldOf('read', ref, options);
  const change = (ref: string, options?: InRegion) => home.worldOf('change', ref, options);
  return {
    save: async (directory, options = {}) => {
      // A mistyped path must not make a home.
      await using ahead = await workspace.prepareSave(directory, options, home.cacheDirectory);
      const world = await home.worldToSave(workspace.workspaceOf(directory, options), options);
      return await workspace.saveDirectory(world, directory, options, ahead);
    },
    restore: async (ref, directory, options = {}) => {
      const chosen = await chooseRegion(home, ref, options);
      const { region, tenant, lag } = chosen;
      try {
        // Where a tenant was found there is a database.
        const prepare = async (id: string) =>
          workspace.prepareRestore((await home.database(options)).kysely, id, chosen.ref, directory, options);
        await using ahead = tenant === undefined ? undefined : await prepare(tenant);
        const world = await read(ref, { ...options, region });
        return {
          ...(await workspace.restoreSnapshot(world, chosen.ref, directory, options, ahead)),
          region: region!,
          lag,
        };
      } catch (error) {
        throw withOthers(error, chosen);
      }
    },
    list: async (options) => {
      if (!(await home.exists())) return [];
      const { kysely, tenant } = await home.records(options);
      return workspace.listWorkspaces(kysely, tenant);
    },
    log: async (name, options) => {
      const { tenant } = await home.located(name, options);
      return workspace.listSnapshots((await home.records(options)).kysely, tenant, name);
    },
    ls: (ref, options) => later(async () => workspace.list(await read(ref, options), ref, options)),
    cat: (ref, options) => later(async () => workspace.cat(await read(ref, options), ref, options)),
    diff: (before, after, options) => later(() => compare(home, before, after, options)),
    manifest: (ref, options) => later(async () => workspace.manifest(await read(ref, options), ref, options)),
    exportArchive: async (ref, write, options) =>
      workspace.exportArchive(await read(ref, options), ref, write, options),
    importArchive: async (parts, options) => {
      // What is no archive must not make a home.
      const archive = await workspace.prepareImport(parts, options);
      const world = await home.worldToSave(options.workspace, options);
      return workspace.importArchive(world, archive, options);
    },
    why: async (ref, options) => workspace.explainPath(await read(ref, options), ref, options),
    remove: async (name, options) =>
      workspace.removeWorkspace(await change(workspace.checkName(name), options), name, options),
    forget: async (ref, options = {}) =>
      workspace.forgetSnapshots(await (options.dryRun === true ? read : change)(ref, options), ref, options),
    fork: async (ref, name, options) =>
      workspace.forkWorkspace(await change(ref, options), ref, name, options),
    replicate: (ref, options) => replicate(home, ref, options),
    replicas: async (name, options) => {
      const { kysely, tenant } = await home.records(options);
      const places = (await workspace.everyWorkspace(kysely, tenant, workspace.checkName(name))).map(
        ({ region, tenant: id }) => ({ region, tenant: id, query: kysely }),
      );
      // For what there is to say of a name that means nothing.
      if (places.length === 0) await home.located(name, options);
      return (await workspace.replicasOf(places, name)).map(({ place, livesHere, snapshots, lag }) => ({
        region: place.region,
        livesHere,
        snapshots: snapshots.map(({ number }) => number),
        lag,
      }));
    },
  };
}

async function replicate(home: Home, ref: string, { from, to, signal, onProgress }: ReplicateToOptions) {
  // A mistyped name must not make a store.
  home.regions.place(to);
  const { region } = await home.located(workspace.parseRef(ref).workspace, { region: from, signal });
  try {
    const source = await home.world('read', { region, signal });
    const target = region === to ? source : await home.world('write', { region: to, signal });
    const result = await workspace.replicate(source, target, ref, { signal, onProgress });
    return { ...result, from: region, to };
  } catch (error) {
    throw betweenRegions(error, ref, region, to);
  }
}

/** The two may be in different regions. */
async function compare(home: Home, before: string, after: string, options: Cancellable = {}) {
  const [from, to] = [
    await home.worldOf('read', before, options),
    await home.worldOf('read', after, options),
  ];
  const afterWorld = equalBytes(from.vault.id, to.vault.id) ? undefined : to;
  return workspace.compare(from, before, after, { ...options, afterWorld });
}

/** An async iterable whose making is itself asynchronous. */
async function* later<Item>(make: () => Promise<AsyncIterable<Item>>): AsyncGenerator<Item, void> {
  yield* await make();
}
