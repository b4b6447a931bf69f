/** The engine's stream of events. */

import { setTimeout } from 'node:timers/promises';

import { readEvents } from '../workspace/index.ts';
import type { ReadEventsOptions, WorkspaceEvent } from '../workspace/index.ts';
import type { Home } from './home.ts';

/** Milliseconds between two looks for a home. */
const WAIT_MS = 200;

/** Of a home that has nothing yet there are none; who follows one waits until it has. */
export async function* eventsOf(
  home: Home,
  options: ReadEventsOptions = {},
): AsyncGenerator<WorkspaceEvent, void> {
  const { follow = false, signal } = options;
  if (!(await home.exists())) {
    if (!follow) return;
    // Not by opening the store: whoever makes the home is at it.
    while (!(await hasTenant(home, options))) await setTimeout(WAIT_MS, undefined, signal && { signal });
  }
  const { kysely, tenant } = await home.records(options);
  yield* readEvents(kysely, tenant, options);
}

async function hasTenant(home: Home, options: ReadEventsOptions): Promise<boolean> {
  return (await home.exists()) && (await home.tenantRegions(undefined, options)).length > 0;
}
