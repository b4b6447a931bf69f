import { afterAll, describe, expect, it } from 'vitest';

import { sha256 } from '../base/index.ts';
import type { SnapshotTable } from '../db/index.ts';
import { noise } from '../testing/noise.ts';
import { StillHome } from '../testing/snapshots.ts';
import { TestDatabases } from '../testing/vault.ts';
import { HOUR, committedLate, expectWhole, forget, names, some } from './collected.fixture.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async () => StillHome.open(await databases.open());

const lookUp = (found: SnapshotTable) => async () => ({ found, roots: [found.root] });

describe('a collection while somebody reads', () => {
  it('[V86] keeps what a reader began to read', async () => {
    const home = await open();
    const gone = await home.save('a', some('read'));
    await using pin = await (await home.again('reader')).tenant.pin(lookUp(gone));
    const source = await pin.source();
    await forget(home, gone);
    expect((await home.collect()).waiting).toMatchObject([{ for: 'read' }]);
    expect(await source.chunk(sha256(noise('read', 5000)))).toHaveLength(5000);
    await pin[Symbol.asyncDispose]();
    expect((await home.collect()).waiting).toEqual([]);
    expect(await names(home.store, 'data')).toEqual([]);
  });

  it('[V86] keeps what a reader reads that began after the condemnation, also when its snapshot is forgotten', async () => {
    const home = await open();
    const { late } = await committedLate(home);
    await using pin = await (await home.again('reader')).tenant.pin(lookUp(late));
    const source = await pin.source();
    await forget(home, late);
    expect((await home.collect()).waiting).toMatchObject([{ for: 'read', objects: 2 }]);
    expect(await source.chunk(sha256(noise('shared', 50_000)))).toHaveLength(50_000);
    await pin[Symbol.asyncDispose]();
    expect((await home.collect()).waiting).toEqual([]);
    expect(await names(home.store, 'data')).toEqual([]);
  });

  it('[V86] keeps the copy that a reader has found, also when there is another one by now', async () => {
    const home = await open();
    const { late } = await committedLate(home, HOUR);
    await using pin = await (await home.again('reader')).tenant.pin(lookUp(late));
    const source = await pin.source();
    await home.save('c', some('shared', 50_000));
    home.now += HOUR;
    expect((await home.collect(HOUR)).waiting).toMatchObject([{ for: 'read' }]);
    expect(await source.chunk(sha256(noise('shared', 50_000)))).toHaveLength(50_000);
    await pin[Symbol.asyncDispose]();
    home.now += HOUR;
    expect((await home.collect(HOUR)).deletedObjects).toBeGreaterThan(0);
    await expectWhole(home, some('shared', 50_000));
  });
});
