/** The engine's stream of events. */

import { readEvents } from '../workspace/index.ts';
import type { ReadEventsOptions, WorkspaceEvent } from '../workspace/index.ts';
import type { Home } from './home.ts';

export async function* eventsOf(
  home: Home,
  options: ReadEventsOptions = {},
): AsyncGenerator<WorkspaceEvent, void> {
  const { kysely, tenant } = await home.records(options);
  yield* readEvents(kysely, tenant, options);
}
