import { expect, it } from 'vitest';

import { Reading } from './reading.ts';
import { openRunHome, runOf, saver } from './run.fixture.ts';
import { layersOfRef } from './run-tree.ts';
import { getKnownRun } from './start.ts';

it('[R19] a task that is cut off while others wait for the same merge does not end it for them', async () => {
  const home = await openRunHome();
  const { world } = home;
  const { id } = await home.start(runOf(saver('a', 'mkdir d; touch d/a'), saver('b', 'mkdir d; touch d/b')));
  const { layers } = await layersOfRef(world.database.kysely, await getKnownRun(world, id), {
    run: id,
    task: undefined,
    path: undefined,
  });
  const given = layers.map(({ task, layer }) => ({ ...layer, writer: task }));
  await using reading = new Reading(world);
  const options = { policy: { kind: 'fail' }, precedes: () => false } as const;
  const cutOff = reading.merge(given, 'fail', { ...options, signal: AbortSignal.abort() });
  const other = reading.merge(given, 'fail', options);
  expect([(await cutOff).kind, (await other).kind]).toEqual(['merged', 'merged']);
});
