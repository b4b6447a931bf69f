import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { parseConfig } from './config.ts';
import { newPlace, using } from './place.fixture.ts';
import { Regions } from './regions.ts';

const SETTINGS = 'storage: { workspace: { quota_means: watch, retention: { min: 1s, default: 1s } } }\n';

function regionsOf(text: string): Promise<Regions> {
  const source = { file: '/home/a/strata.yaml', shown: 'strata.yaml', text };
  return parseConfig(source, { home: '/home/a/.strata', user: '/home/a' }).then(
    (config) => new Regions(config, undefined),
  );
}

it.each([
  ['storage: { provider: local }', 'default', ['default']],
  ['storage: { provider: s3, s3: { bucket: b } }', 'this-machine', ['default', 'this-machine']],
  [
    'storage: { provider: s3, s3: { bucket: b }, local: { path: ./here } }\nregions: { shelf: { provider: local, local: { path: ./here } } }',
    'shelf',
    ['default', 'shelf'],
  ],
])('[E52] %s: the chunk store of the machine is %s', async (text, local, names) => {
  const regions = await regionsOf(text);
  expect(regions.local).toBe(local);
  expect(regions.names).toEqual(names);
});

it('[E52] no region is called like it', async () => {
  await expect(
    regionsOf('regions: { this-machine: { provider: local, local: { path: ./x } } }'),
  ).rejects.toMatchObject({
    code: 'bad_input',
  });
});

it('[E53] a collection lets go of what has expired', async () => {
  const place = newPlace(SETTINGS);
  await using(place, async ({ sessions }) => {
    await sessions.create({ name: 'web' });
    await sessions.exec('web', ['sh', '-c', 'head -c 200000 /dev/urandom > a'], {
      onOutput: () => undefined,
      sandbox: 'off',
    });
    await sessions.terminate('web');
  });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const collected = await using(place, ({ store }) => store.collect({ margin: 0 }));
  expect(collected.condemned.dead.bytes + collected.deletedBytes).toBeGreaterThan(200_000);
  await using(place, async ({ sessions }) => {
    expect(await sessions.list()).toEqual([]);
    expect((await sessions.get('web')).expired).toBeDefined();
  });
});

it('[E53] a tenant that is destroyed leaves no files behind', async () => {
  const place = newPlace(SETTINGS);
  await using(place, async ({ sessions, keys }) => {
    await sessions.create({ name: 'web' });
    await sessions.exec('web', ['sh', '-c', 'echo 1 > a'], { onOutput: () => undefined, sandbox: 'off' });
    const base = join(place.home, 'workspaces');
    expect(readdirSync(base).filter((name) => name.startsWith('session-'))).toHaveLength(1);
    await keys.destroyTenant('default');
    expect(readdirSync(base).filter((name) => name.startsWith('session-'))).toEqual([]);
    expect(existsSync(base)).toBe(true);
  });
});
