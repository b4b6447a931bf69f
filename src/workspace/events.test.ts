import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect, openTestHome } from '../testing/home.ts';
import { StillHome, storeFiles } from '../testing/snapshots.ts';
import { NOW, TestDatabases } from '../testing/vault.ts';
import { some } from '../vault/collected.fixture.ts';
import type { ContentSink } from '../vault/index.ts';
import {
  LayerSaves,
  forgetSnapshots,
  forkWorkspace,
  putBack,
  readEvents,
  recordEvent,
  removeWorkspace,
  replicate,
  saveDirectory,
  takeFence,
} from './index.ts';
import type { ReadEventsOptions, WorkspaceEvent } from './index.ts';
import { findWorkspace } from './catalog.ts';
import { twoHomes } from './replicate.fixture.ts';
import { savedTree } from './saved-tree.fixture.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async () => StillHome.open(await databases.open());

const eventsIn = (home: Pick<StillHome, 'database'>, options?: ReadEventsOptions) =>
  collect(readEvents(home.database.kysely, 'default', options));
const numbers = (events: readonly WorkspaceEvent[]) => events.map(({ seq }) => seq);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, at) => from + at);

/** Many events that nobody waits for one by one. */
async function record(home: StillHome, count: number, workspace = 'web'): Promise<void> {
  await home.database.transaction(async (tx) => {
    for (let at = 0; at < count; at++)
      await recordEvent(
        tx,
        { tenant: 'default', clock: home.parts.clock },
        { kind: 'snapshot.created', workspace, details: { at } },
      );
  });
}

describe('what is told', () => {
  it('[W31] each snapshot, with its figures', async () => {
    const home = await open();
    const { digest } = await home.save('web', some('a', 5000));
    expect(await eventsIn(home)).toEqual([
      {
        seq: 1,
        at: NOW,
        kind: 'snapshot.created',
        workspace: 'web',
        session: undefined,
        details: { snapshot: 1, kind: 'save', digest, files: 1, bytes: 5000, newBytes: 5000 },
      },
    ]);
  });

  it('[W31] forks, what is put back, forgotten and removed, each once', async () => {
    const home = await open();
    for (const seed of ['a', 'b', 'c']) await home.save('web', some(seed));
    await forkWorkspace(home.world, 'web@2', 'copy');
    const { id } = (await findWorkspace(home.database.kysely, toHex(home.tenant.id), 'web'))!;
    const fence = await home.database.transaction((tx) => takeFence(tx, id));
    await putBack(home.world, 'web@1', { fence });
    await forgetSnapshots(home.world, 'web', { keepLast: 2 });
    await removeWorkspace(home.world, 'copy');
    const told = await eventsIn(home, { after: 3 });
    expect(told.map(({ kind, workspace, details }) => [kind, workspace, details])).toEqual([
      ['workspace.forked', 'copy', { from: 'web@2' }],
      ['snapshot.created', 'copy', expect.objectContaining({ snapshot: 1, kind: 'fork', newBytes: 0 })],
      ['snapshot.created', 'web', expect.objectContaining({ snapshot: 4, kind: 'restore', newBytes: 0 })],
      ['snapshot.forgotten', 'web', { snapshot: 1, region: 'default' }],
      ['snapshot.forgotten', 'web', { snapshot: 2, region: 'default' }],
      ['workspace.removed', 'copy', { snapshots: 1, region: 'default' }],
    ]);
  });

  it('[W31] a replica, in the home that it came to, and no second time', async () => {
    const { source, target } = await twoHomes(databases);
    const { digest } = await source.save('web', some('a', 5000));
    const before = await eventsIn(source);
    await replicate(source.world, target.world, 'web');
    await replicate(source.world, target.world, 'web');
    expect(await eventsIn(target)).toMatchObject([
      {
        kind: 'workspace.replicated',
        workspace: 'web',
        details: {
          snapshot: 1,
          digest,
          files: 1,
          bytes: 5000,
          newBytes: 5000,
          from: 'default',
          to: 'default',
        },
      },
    ]);
    expect(await eventsIn(source)).toEqual(before);
  });

  it('[W31] nothing of what did not happen, or is only tried out, and no layers', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const before = await eventsIn(home);
    const fails = async () => {
      throw new Error('in the transaction');
    };
    await expect(
      saveDirectory(home.world, tree, { workspace: 'web', commit: { also: fails } }),
    ).rejects.toThrow('in the transaction');
    await expect(forkWorkspace(home.world, 'web', 'copy', { also: fails })).rejects.toThrow('in the');
    await forgetSnapshots(home.world, 'web', { keepLast: 1, dryRun: true });
    await expectCode('refused', forgetSnapshots(home.world, 'web@1'));
    const layers = new LayerSaves(home.world);
    const build = async (sink: ContentSink) => ({
      mode: 0o755,
      mtime: 0,
      tree: storeFiles(sink, some('layer')),
    });
    expect((await layers.save({ build, onCommit: async () => {} })).files).toBe(1);
    expect(await eventsIn(home)).toEqual(before);
  });
});

describe('what is read', () => {
  it('[W32] all of it in order, as many as there are, or what comes after a number or a time, or is of a name', async () => {
    const home = await open();
    await record(home, 10_000);
    home.now += 1000;
    await record(home, 3, 'other');
    expect(numbers(await eventsIn(home))).toEqual(upTo(10_003));
    expect(numbers(await eventsIn(home, { after: 9_990 }))).toEqual(upTo(13, 9_991));
    expect(numbers(await eventsIn(home, { since: home.now }))).toEqual(upTo(3, 10_001));
    expect(numbers(await eventsIn(home, { of: 'other' }))).toEqual(upTo(3, 10_001));
    expect(numbers(await eventsIn(home, { of: 'nobody' }))).toEqual([]);
    expect(numbers(await eventsIn(home, { after: 20_000 }))).toEqual([]);
  });

  it('[W32] what other tenants do is told to them alone', async () => {
    const home = await open();
    await record(home, 2);
    const event = { kind: 'session.created', session: 's' } as const;
    await home.database.transaction((tx) => recordEvent(tx, { tenant: 'b', clock: () => 5 }, event));
    await record(home, 1);
    expect(numbers(await eventsIn(home))).toEqual([1, 2, 4]);
    expect(await collect(readEvents(home.database.kysely, 'b', { of: 's' }))).toEqual([
      { ...event, seq: 3, at: 5, workspace: 's', details: {} },
    ]);
  });

  it('[W32] who follows misses nothing of several processes and hears nothing twice', async () => {
    const path = databases.path('db-followed');
    await using database = await openSqlite(path);
    const stop = new AbortController();
    const writers = ['a', 'b', 'c'].map((name) =>
      spawn(process.execPath, [join(import.meta.dirname, 'event-writer.fixture.ts'), path, name, '150'], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    const ended = Promise.all(writers.map((writer) => once(writer, 'exit')));
    const seen: WorkspaceEvent[] = [];
    for await (const event of readEvents(database.kysely, 'default', { follow: true, signal: stop.signal })) {
      seen.push(event);
      if (seen.length === 450) break;
    }
    expect((await ended).map(([code]) => code as number)).toEqual([0, 0, 0]);
    expect(numbers(seen)).toEqual(numbers(seen).toSorted((a, b) => a - b));
    const written = (name: string) => seen.filter(({ workspace }) => workspace === name);
    for (const name of ['a', 'b', 'c'])
      expect(written(name).map(({ details }) => details!['at'])).toEqual(upTo(150, 0));
    expect(await collect(readEvents(database.kysely, 'default'))).toEqual(seen);
  }, 60_000);

  it('[W32] who follows waits for what comes, and ends with the signal', async () => {
    const home = await open();
    const stop = new AbortController();
    const events = readEvents(home.database.kysely, 'default', { follow: true, signal: stop.signal });
    const first = events.next();
    await record(home, 1);
    expect((await first).value).toMatchObject({ seq: 1 });
    const second = events.next();
    stop.abort();
    await expect(second).rejects.toThrow(/abort/);
  });

  it('[W32] a damaged one is told as damage', async () => {
    const home = await open();
    await record(home, 2);
    await home.database.kysely.updateTable('events').set({ details: '{' }).where('seq', '=', 1).execute();
    await expectCode('integrity', eventsIn(home));
    expect(numbers(await eventsIn(home, { after: 1 }))).toEqual([2]);
  });
});
