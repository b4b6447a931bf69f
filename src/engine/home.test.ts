import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { newPlace, save, using } from './place.fixture.ts';

describe('opening a home', () => {
  const SLOW_KEY = 'storage: { encryption: { key_command: [sleep, "20"] } }\n';

  it('[E26] goes on when what was in its way is gone', async () => {
    const place = newPlace();
    const database = join(place.home, 'db', 'strata.db');
    mkdirSync(join(place.home, 'db'));
    writeFileSync(database, 'somebody else put this here');
    await using(place, async (engine) => {
      await expectCode('not_ours', engine.workspaces.save(place.tree));
      rmSync(database);
      expect((await engine.workspaces.save(place.tree)).snapshot).toBe(1);
    });
  });

  it('[E26] ends when the signal says so, also while a key command runs', async () => {
    const place = newPlace(SLOW_KEY);
    await using(place, async (engine) => {
      const started = Date.now();
      const signal = AbortSignal.timeout(200);
      await expectCode('cancelled', engine.workspaces.save(place.tree, { signal }));
      expect(Date.now() - started).toBeLessThan(10_000);
    });
  });

  it('[E26] that one call gave up is done for another', async () => {
    const place = newPlace();
    await using(place, async (engine) => {
      const controller = new AbortController();
      const { signal } = controller;
      const first = engine.workspaces.save(place.tree, { workspace: 'a', signal });
      const second = engine.workspaces.save(place.tree, { workspace: 'b' });
      controller.abort();
      await expectCode('cancelled', first);
      expect((await second).snapshot).toBe(1);
    });
  });

  it.each(['list', 'log', 'fork', 'status'] as const)('[E26] %s heeds its signal', async (call) => {
    const place = newPlace();
    await save(place);
    const options = { signal: AbortSignal.abort() };
    await using(place, async ({ workspaces, keys }) => {
      const calls = {
        list: () => workspaces.list(options),
        log: () => workspaces.log('web', options),
        fork: () => workspaces.fork('web', 'other', options),
        status: () => keys.status(options),
      };
      await expectCode('cancelled', calls[call]());
      expect(await workspaces.list()).toHaveLength(1);
    });
  });
});
