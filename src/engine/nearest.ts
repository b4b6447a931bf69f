/** From which region a snapshot is restored when several have it. */

import { StrataError, isStrataError } from '../base/index.ts';
import { isStore } from '../vault/index.ts';
import { everyWorkspace, namesRun, parseRef, replicasOf } from '../workspace/index.ts';
import type { Lag, Place, WorkspacePlace } from '../workspace/index.ts';
import type { Home } from './home.ts';
import { DEFAULT_REGION } from './config-regions.ts';
import type { InRegion } from './regions.ts';

interface RegionPlace extends Place {
  readonly region: string;
}

export interface Chosen {
  /** As the caller has given it, or with the number of the snapshot that it means. */
  readonly ref: string;
  /** Undefined: there is no such workspace. */
  readonly region: string | undefined;
  /** Its id there, in hex; undefined where that is not known, or it is a run. */
  readonly tenant: string | undefined;
  /** How far the latest that is there is behind, in a region where the workspace does not live; undefined: it lives there. */
  readonly lag: Lag | undefined;
  /** What to say of other regions when this one is away. */
  readonly otherwise: string | undefined;
  /** Other regions that have the same snapshot. */
  readonly others: readonly string[];
}

/**
 * A name without a number means the latest snapshot of the workspace where it lives, wherever that is restored from: none that is older is
 * given for it. Of the regions that have it the one that answers first is the nearest.
 */
export async function chooseRegion(home: Home, ref: string, options: InRegion): Promise<Chosen> {
  const { region, signal } = options;
  const alone = { ref, tenant: undefined, lag: undefined, otherwise: undefined, others: [] };
  if (namesRun(ref)) return { ...alone, region: DEFAULT_REGION };
  const { workspace: name, snapshot } = parseRef(ref);
  const { kysely, tenant } = await home.records({ signal });
  const every = await everyWorkspace(kysely, tenant, name);
  const given = region ?? every[0]?.region;
  const tenantIn = (wanted: string | undefined) => every.find((row) => row.region === wanted)?.tenant;
  const asGiven = { ...alone, region: given, tenant: tenantIn(given) };
  if (every.length < 2) return asGiven;
  const found = await replicasOf<RegionPlace>(
    every.map((row) => ({ region: row.region, tenant: row.tenant, query: kysely })),
    name,
  );
  const lagIn = (place: WorkspacePlace<RegionPlace>) => (place.livesHere ? undefined : place.lag);
  if (region !== undefined) {
    const named = found.find(({ place }) => place.region === region);
    return { ...asGiven, lag: named && lagIn(named) };
  }
  const lives = found.find(({ livesHere }) => livesHere) ?? found[0]!;
  const wanted = snapshot ?? lives.snapshots.at(-1)?.number;
  const having = found.filter(({ snapshots }) => snapshots.some(({ number }) => number === wanted));
  if (typeof wanted !== 'number' || having.length === 0) return asGiven;
  const nearest = (await firstToAnswer(home, having, options)) ?? lives;
  return {
    ref: `${name}@${wanted}`,
    region: nearest.place.region,
    tenant: tenantIn(nearest.place.region),
    lag: lagIn(nearest),
    otherwise: olderElsewhere(name, found, wanted),
    others: having.map(({ place }) => place.region).filter((each) => each !== nearest.place.region),
  };
}

/** A failure of a region that is away, or damaged, with what else there is. */
export function withOthers(error: unknown, { otherwise, others, region, ref }: Chosen): unknown {
  if (others.length > 0 && isStrataError(error, 'integrity'))
    return new StrataError('integrity', `in region ${region}: ${error.message}`, {
      hint: `${ref} is in ${others.join(' and ')} as well: give --region ${others[0]}. \`strata workspaces replicate ${parseRef(ref).workspace} --to ${region}\` brings what is missing, once \`strata store verify --read-data --region ${region}\` has found it.`,
      details: { ...error.details, region },
      cause: error,
    });
  if (otherwise === undefined || !isStrataError(error, 'unavailable')) return error;
  const { code, message, hint, details } = error;
  return new StrataError(code, message, {
    hint: hint === undefined ? otherwise : `${hint} ${otherwise}`,
    details,
    cause: error,
  });
}

/** @returns undefined if none does */
async function firstToAnswer(
  home: Home,
  places: readonly WorkspacePlace<RegionPlace>[],
  { signal }: InRegion,
): Promise<WorkspacePlace<RegionPlace> | undefined> {
  const known = places.filter(({ place }) => home.regions.names.includes(place.region));
  if (known.length < 2) return known[0];
  const enough = new AbortController();
  const signals = [enough.signal, ...(signal === undefined ? [] : [signal])];
  const asked = known.map(async (place) => {
    const store = home.regions.store(place.place.region);
    // The service, and not what is kept of it here.
    if (!(await isStore(store.itself ?? store, { signal: AbortSignal.any(signals) })))
      throw new StrataError('unavailable', `${store.label} is not there`);
    return place;
  });
  try {
    return await Promise.any(asked);
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error;
    home.log?.(`no region answers: ${error.errors.map(String).join('; ')}`);
    return undefined;
  } finally {
    enough.abort(new StrataError('cancelled', 'another region was faster'));
  }
}

function olderElsewhere(
  name: string,
  found: readonly WorkspacePlace<RegionPlace>[],
  wanted: number,
): string | undefined {
  const older = found
    .filter(({ snapshots }) => snapshots.length > 0 && !snapshots.some(({ number }) => number === wanted))
    .map(({ place, snapshots }) => `${name}@${snapshots.at(-1)!.number} --region ${place.region}`);
  return older.length === 0 ? undefined : `An older snapshot can be restored: ${older.join(', or ')}.`;
}
