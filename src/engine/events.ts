/** The engine's stream of events. */

import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { readEvents } from '../workspace/index.ts';
import type { ReadEventsOptions, WorkspaceEvent } from '../workspace/index.ts';
import type { Home } from './home.ts';

/** Milliseconds between two looks for a home. */
const WAIT_MS = 200;
/** Looks at a home that knows nothing of the tenant: its first save may be under way. */
const MOST_LOOKS = 50;

/** Of a home that has nothing yet there are none; who follows one waits until it has. */
export async function* eventsOf(
  home: Home,
  options: ReadEventsOptions = {},
): AsyncGenerator<WorkspaceEvent, void> {
  const { follow = false, signal } = options;
  const wasThere = await home.exists();
  if (!wasThere && !follow) return;
  if (follow)
    for (let looks = 0; !(await hasTenant(home, options)); looks++) {
      // What is wrong with it is told below.
      if (wasThere && looks === MOST_LOOKS) break;
      await setTimeout(WAIT_MS, undefined, signal && { signal });
    }
  const { kysely, tenant } = await home.records(options);
  yield* readEvents(kysely, tenant, options);
}

/** Asks no store: that may cost something, and whoever makes the home is at it. */
async function hasTenant(home: Home, options: ReadEventsOptions): Promise<boolean> {
  return existsSync(home.databasePath) && (await home.tenantRegions(undefined, options)).length > 0;
}
