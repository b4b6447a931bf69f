/** A home with stores in several directories of its place, and how its parts are asked: for tests of regions. */

import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import type { EngineOptions } from './index.ts';
import { newPlace, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

export interface RegionPlace extends Place {
  /** Where the store of a region is. */
  readonly store: (region: string) => string;
  /** Takes a store away, as when a disk is not mounted. @returns what brings it back */
  readonly away: (region: string) => () => void;
  readonly objects: (region: string) => readonly string[];
}

export function regionPlace(...regions: readonly string[]): RegionPlace {
  const lines = regions.map((region) => `  ${region}: { provider: local, local: { path: ./${region} } }\n`);
  const place = newPlace(`regions:\n${lines.join('')}`);
  const store = (region: string) => join(place.home, region === 'default' ? 'store' : region);
  return {
    ...place,
    store,
    away: (region) => {
      renameSync(store(region), `${store(region)}.away`);
      mkdirSync(store(region));
      return () => renameSync(`${store(region)}.away`, store(region));
    },
    objects: (region) =>
      readdirSync(store(region), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(store(region).length + 1))
        .sort(),
  };
}

export const saveTo = (
  place: Place,
  workspace: string,
  region?: string,
  options?: EngineOptions,
  directory = place.tree,
) => using(place, ({ workspaces }) => workspaces.save(directory, { workspace, region }), options);

export async function expectRestored(
  place: Place,
  ref: string,
  out: string,
  tree = place.tree,
): Promise<void> {
  await using(place, ({ workspaces }) => workspaces.restore(ref, place.out(out)));
  expect(differences(tree, place.out(out))).toEqual([]);
}
