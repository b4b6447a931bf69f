import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openLocalStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import { contents } from '../testing/stores.ts';
import { bare, logIn, storageYaml } from './bucket.fixture.ts';
import { prepareAttach } from './index.ts';
import { newPlace, save, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

/** As the store was: what has come since is gone, and what went is back. */
async function putBack(store: Store, before: Awaited<ReturnType<typeof contents>>): Promise<void> {
  for await (const { name } of store.list('')) if (!before.has(name)) await store.delete(name);
  for (const [name, bytes] of before) await store.put(name, [bytes]);
}

async function attached(owner: Place, where: string, yaml: string | undefined): Promise<Place> {
  const reader = newPlace(yaml);
  const options = { home: reader.home, env: {}, cwd: reader.home };
  await prepareAttach(options, where, await using(owner, ({ keys }) => keys.exportRecovery()));
  await using(reader, ({ store }) => store.attach());
  return reader;
}

function saveMore(place: Place, name: string) {
  writeFileSync(join(place.tree, name), name.repeat(1000));
  return save(place);
}

const restored = (place: Place, ref: string, name: string) =>
  using(place, async ({ workspaces }) => {
    await workspaces.restore(ref, place.out(name));
    return place.out(name);
  });

/** A store with snapshots 1 and 2 that was put back to what it was before 2, and all who have seen 2. */
async function everybodySaysSo(
  owner: Place,
  store: Store,
  attach: () => Promise<Place>,
): Promise<{ readonly reader: Place }> {
  await save(owner);
  const first = await contents(store);
  await saveMore(owner, 'second');
  const reader = await attach();
  await putBack(store, first);
  const told = await failureOf(using(reader, (engine) => engine.store.attach()));
  expect(told).toMatchObject({ code: 'refused', hint: expect.stringContaining('rebuild-index') });
  expect(told.message).toContain('has lost web@2');
  // A part of the index is gone with it, unless that is kept on this machine.
  expect(['integrity', 'refused']).toContain((await failureOf(save(owner))).code);
  const forked = using(owner, ({ workspaces }) => workspaces.fork('web@1', 'other'));
  expect((await failureOf(forked)).message).toContain('has lost web@2');
  const collected = using(owner, (engine) => engine.store.collect({ margin: 0 }));
  expect(['integrity', 'refused']).toContain((await failureOf(collected)).code);
  for (const place of [owner, reader]) await expectCode('integrity', restored(place, 'web@2', 'out'));
  const { problems } = await using(owner, (engine) => engine.store.verify());
  expect(problems.some(({ code, object }) => code === 'missing' && object.includes('/heads/'))).toBe(true);
  expect(await contents(store)).toEqual(first);
  return { reader };
}

describe('a store that was put back to an older state', () => {
  it('[E64] is told by everybody who has seen a later one, and nothing goes on from it', async () => {
    const owner = newPlace();
    const where = join(owner.home, 'store');
    const store = openLocalStore(where);
    const { reader } = await everybodySaysSo(owner, store, () => attached(owner, where, undefined));
    // Its owner may go on all the same. The lost snapshot keeps its number.
    await using(owner, (engine) => engine.store.rebuildIndex());
    expect((await save(owner)).snapshot).toBe(3);
    expect(differences(owner.tree, await restored(owner, 'web', 'back'))).toEqual([]);
    await using(reader, (engine) => engine.store.attach());
    expect(differences(owner.tree, await restored(reader, 'web@3', 'again'))).toEqual([]);
  });

  it('[E64] and of which nothing was lost goes on', async () => {
    const owner = newPlace();
    const store = openLocalStore(join(owner.home, 'store'));
    await save(owner);
    await saveMore(owner, 'second');
    const all = await contents(store);
    const head = [...all.keys()]
      .filter((name) => name.includes('/heads/'))
      .sort()
      .at(-1)!;
    await store.delete(head);
    expect((await failureOf(save(owner))).message).toContain('has lost web@2');
    await store.put(head, [all.get(head)!]);
    expect((await save(owner)).snapshot).toBe(3);
    await using(owner, ({ workspaces }) => workspaces.forget('web', { keepLast: 1 }));
    expect((await save(owner)).snapshot).toBe(4);
    await using(owner, ({ workspaces }) => workspaces.remove('web'));
    expect((await save(owner)).snapshot).toBe(1);
  });
});

describeWith(['radosgw'], 'a bucket that was put back to an older state', () => {
  it('[E64] is told by everybody who has seen a later one', async () => {
    await using service = await startRadosgw();
    await service.bucket('bucket');
    logIn(service);
    const at = { bucket: 'bucket', prefix: 'older' };
    const yaml = storageYaml(service, at);
    const owner = newPlace(yaml);
    await everybodySaysSo(owner, bare(service, at), () => attached(owner, 's3://bucket/older', yaml));
  }, 90_000);
});
