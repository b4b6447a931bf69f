/** Stores besides the one of `storage`, each under the name of a region. */

import { isName } from '../workspace/index.ts';
import { PLACE, missingOf, overlap, placeOf } from './config-place.ts';
import type { FindPath, PlaceConfig, PlaceValues } from './config-place.ts';
import { named } from './config-yaml.ts';

/** The region that `storage` is. */
export const DEFAULT_REGION = 'default';
/** The store on this machine beside one in a bucket: of sessions whose files are not to leave it. */
export const MACHINE_REGION = 'this-machine';

export interface RegionConfig extends PlaceConfig {
  /** Named like a workspace. */
  readonly name: string;
}

/** Each a place, as in `storage`. */
export const REGIONS = named(PLACE, (name) => {
  if (name === DEFAULT_REGION || name === MACHINE_REGION)
    return `is what \`storage${name === DEFAULT_REGION ? '' : '.local'}\` says: choose another name`;
  return isName(name)
    ? undefined
    : 'is no name for a region: 1–128 letters, digits, `.`, `_` and `-`, a letter or digit first';
});

export type RegionValues = Readonly<Record<string, PlaceValues>>;

/** In the order of their names. */
export function regionsOf(given: RegionValues, path: FindPath): readonly RegionConfig[] {
  return Object.keys(given)
    .sort()
    .map((name) => ({ name, ...placeOf(given[name]!, path, `regions/${name}`) }));
}

/** @returns what is wrong with each, by its name, as a sentence */
export function regionFlaws(
  given: RegionValues,
  storage: PlaceConfig,
  path: FindPath,
): ReadonlyMap<string, string> {
  const flaws = new Map<string, string>();
  for (const [name, values] of Object.entries(given)) {
    const missing = missingOfRegion(values);
    if (missing !== undefined) flaws.set(name, `regions.${name}.${missing} is missing`);
  }
  const whole = Object.fromEntries(Object.entries(given).filter(([name]) => !flaws.has(name)));
  const before: { readonly name: string; readonly place: PlaceConfig }[] = [
    { name: 'storage', place: storage },
  ];
  for (const { name, ...place } of regionsOf(whole, path)) {
    const other = before.find((one) => overlap(one.place, place));
    if (other !== undefined)
      flaws.set(name, `regions.${name} is where ${other.name} is: each has a place of its own`);
    before.push({ name: `regions.${name}`, place });
  }
  return flaws;
}

/** Unlike `storage`, a region has no place if nothing is said. */
function missingOfRegion(values: PlaceValues): string | undefined {
  const { provider, local } = values;
  if (provider === undefined && local.path === undefined) return 'provider';
  if (provider !== 's3' && provider !== 'gcs') return local.path === undefined ? 'local.path' : undefined;
  return missingOf(values);
}
