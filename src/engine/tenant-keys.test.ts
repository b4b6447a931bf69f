import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect } from '../testing/home.ts';
import { newPlace, save, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

const names = ({ home }: Place, part: string) =>
  readdirSync(join(home, 'store'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && join(entry.parentPath, entry.name).includes(part))
    .map((entry) => join(entry.parentPath, entry.name));

async function whole(place: Place, out: string, tenant?: string): Promise<void> {
  await using(
    place,
    async ({ workspaces, store }) => {
      await workspaces.restore('web', place.out(out));
      expect((await store.verify({ readData: true })).problems).toEqual([]);
    },
    { tenant },
  );
  expect(differences(place.tree, place.out(out))).toEqual([]);
}

describe('the keys of a tenant', () => {
  it('[E36] are followed by others: what is stored and what comes can both be read', async () => {
    const place = newPlace();
    await save(place);
    const status = await using(place, ({ keys }) => keys.rotateTenant('default'));
    expect(status.tenants).toMatchObject([{ name: 'default', keyVersions: 2 }]);
    expect(names(place, 'store/keys/')).toHaveLength(1);
    writeFileSync(join(place.tree, 'new'), 'new');
    expect((await save(place)).newBytes).toBe(3);
    await whole(place, 'out');
    await using(place, ({ keys }) => keys.rotateRoot());
    expect((await using(place, ({ keys }) => keys.rotateTenant('default'))).tenants[0]?.keyVersions).toBe(3);
    await whole(place, 'again');
    await expectCode(
      'not_found',
      using(place, ({ keys }) => keys.rotateTenant('nobody')),
    );
  });

  it('[E36] change while saves run, and no save fails or is lost', async () => {
    const place = newPlace();
    await save(place);
    await using(place, async ({ workspaces, keys }) => {
      const saves = Array.from({ length: 6 }, (_, at) => {
        writeFileSync(join(place.tree, `file ${at}`), `${at}`.repeat(100_000));
        return workspaces.save(place.tree, { workspace: `w${at}` });
      });
      const rotations = [keys.rotateTenant('default')];
      await Promise.all([...saves, ...rotations]);
      expect(await workspaces.list()).toHaveLength(7);
    });
    await save(place);
    await whole(place, 'out');
  });

  it('[E86] are followed by an engine that stays open, and so is the root key', async () => {
    const place = newPlace();
    await save(place);
    await using(place, async ({ workspaces, store, keys }) => {
      await workspaces.save(place.tree, { workspace: 'web' });
      await using(place, (other) => other.keys.rotateRoot());
      expect((await store.verify()).ok).toBe(true);
      expect((await keys.status()).tenants).toMatchObject([{ keyVersions: 1 }]);
      await workspaces.save(place.tree, { workspace: 'web' });
      await using(place, (other) => other.keys.rotateTenant('default'));
      writeFileSync(join(place.tree, 'new'), 'new');
      expect((await save(place)).snapshot).toBe(4);
      await workspaces.restore('web', place.out('open'));
      expect(differences(place.tree, place.out('open'))).toEqual([]);
      expect((await workspaces.save(place.tree, { workspace: 'web' })).newBytes).toBe(0);
    });
    await whole(place, 'out');
  });

  it('[E37] [E83] are destroyed with all it has, and nobody else loses anything', async () => {
    const place = newPlace();
    await save(place);
    await save(place, { tenant: 'gone' });
    const objects = names(place, 'store/');
    await using(place, ({ keys }) => keys.destroyTenant('gone'));
    const left = names(place, 'store/');
    expect(objects.length - left.length).toBeGreaterThan(4);
    await expectCode(
      'not_found',
      using(place, ({ workspaces }) => workspaces.log('web'), { tenant: 'gone' }),
    );
    await whole(place, 'out');
    // A name may be given again; it is another tenant then.
    await save(place, { tenant: 'gone' });
    await whole(place, 'anew', 'gone');
    for (const tenant of ['default', 'gone'])
      expect(await using(place, ({ events }) => collect(events()), { tenant })).toHaveLength(1);
    await expectCode(
      'not_found',
      using(place, ({ keys }) => keys.destroyTenant('nobody')),
    );
  });

  it('[E37] open nothing once they are destroyed, also not with the root key and copies of the objects', async () => {
    const place = newPlace();
    await save(place, { tenant: 'gone' });
    const copy = place.out('copy');
    cpSync(join(place.home, 'store', 'tenants'), copy, { recursive: true });
    await using(place, ({ keys }) => keys.destroyTenant('gone'));
    cpSync(copy, join(place.home, 'store', 'tenants'), { recursive: true });
    rmSync(join(place.home, 'db'), { recursive: true });
    const rebuilt = await using(place, ({ store }) => store.rebuildIndex());
    expect(rebuilt).toMatchObject({ workspaces: 0, snapshots: 0, chunks: 0 });
  });

  it('[E37] whose destruction was cut off are swept by the next collection', async () => {
    const place = newPlace();
    await save(place);
    await save(place, { tenant: 'gone' });
    const copy = place.out('copy');
    cpSync(join(place.home, 'store'), copy, { recursive: true });
    await using(place, ({ keys }) => keys.destroyTenant('gone'));
    // As if it had died after its transaction.
    cpSync(copy, join(place.home, 'store'), { recursive: true });
    expect(names(place, 'store/keys/')).toHaveLength(2);
    await using(place, ({ store }) => store.collect());
    expect(names(place, 'store/keys/')).toHaveLength(1);
    await whole(place, 'out');
  });
});
