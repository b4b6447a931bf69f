/** Layers: trees that a row keeps, saved together and put together again. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { ByteReader, StrataError, toHex } from '../base/index.ts';
import type { LayerTable, Transaction } from '../db/index.ts';
import { Below } from '../disk/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect, openTestHome } from '../testing/home.ts';
import type { TestHome } from '../testing/home.ts';
import { decodeRoot, displayPath, walk } from '../tree/index.ts';
import { LOCAL_MARGINS, collectTenant, verifyStore } from '../vault/index.ts';
import { buildLayer } from './layer-tree.ts';
import { LayerSaves } from './layers.ts';
import { mergeLayers, selectRoot } from './merged.ts';
import { restoreWorkspaceTree } from './restore-tree.ts';

const ALL = () => 'all' as const;
const DAY = 24 * 60 * 60 * 1000;

/** A directory of the home with these files. */
function directory({ place }: TestHome, name: string, files: Readonly<Record<string, string>>): string {
  const path = join(place, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

interface Asked {
  readonly files?: Readonly<Record<string, string>>;
  readonly fails?: 'build' | 'commit';
  readonly signal?: AbortSignal;
}

let made = 0;

function saveOne(
  home: TestHome,
  saves: LayerSaves,
  { files = { f: `${made}` }, fails, signal }: Asked,
): Promise<LayerTable> {
  const path = directory(home, `from-${made++}`, files);
  return saves.save({
    signal,
    build: async (sink) => {
      const content = { directory: path, shown: '.', at: [], selectors: [ALL], memory: undefined };
      const { root } = await buildLayer(sink, [content], {});
      if (fails === 'build') throw new StrataError('unreadable', 'planted');
      return root;
    },
    onCommit: async (tx: Transaction, { id, tenant }) => {
      const row = { tenant, domain: 'd', key: id, layer: id, created: 0, used: 0 };
      await tx.insertInto('caches').values(row).execute();
      if (fails === 'commit') throw new StrataError('refused', 'planted');
    },
  });
}

const rows = async ({ database }: TestHome) => ({
  layers: (await database.kysely.selectFrom('layers').select('id').execute()).map(({ id }) => id).sort(),
  caches: (await database.kysely.selectFrom('caches').select('layer').execute())
    .map(({ layer }) => layer)
    .sort(),
  intents: (await database.kysely.selectFrom('intents').selectAll().execute()).length,
});

const rootOf = ({ id, root }: LayerTable) => decodeRoot(new ByteReader(root, id));

it('[W21] layers that are saved together share a save; one that fails leaves the others alone', async () => {
  await using home = await openTestHome();
  const saves = new LayerSaves(home.world);
  const outcomes = await Promise.allSettled([
    saveOne(home, saves, {}),
    saveOne(home, saves, { fails: 'build' }),
    saveOne(home, saves, { signal: AbortSignal.abort() }),
    saveOne(home, saves, {}),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  const kept = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : []));
  expect(await rows(home)).toEqual({ layers: kept.sort(), caches: kept, intents: 0 });
  const segments = await home.database.kysely.selectFrom('segments').select('id').execute();
  expect(segments).toHaveLength(1);
  expect((await verifyStore(home.vault, { readData: true })).problems).toEqual([]);
});

it.each<[string, RegExp]>([
  ['data', /\/data\//],
  ['a tree', /\/tree\//],
  ['the index', /\/index\//],
])('[W21] a store that cannot take %s leaves no layer and no row', async (_, pattern) => {
  const refusing = (store: Store): Store => ({
    ...store,
    put: async (name, body, options) => {
      if (pattern.test(name)) throw new StrataError('disk_full', `cannot write ${name}`);
      return store.put(name, body, options);
    },
  });
  await using home = await openTestHome(refusing);
  const saves = new LayerSaves(home.world);
  const outcomes = await Promise.allSettled([saveOne(home, saves, {}), saveOne(home, saves, {})]);
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'disk_full' } });
  expect(await rows(home)).toEqual({ layers: [], caches: [], intents: 0 });
});

it('[W21] what happens with a layer happens with it or not at all', async () => {
  await using home = await openTestHome();
  const saves = new LayerSaves(home.world);
  await expectCode('refused', saveOne(home, saves, { fails: 'commit' }));
  expect(await rows(home)).toEqual({ layers: [], caches: [], intents: 0 });
  const { id } = await saveOne(home, saves, {});
  expect((await rows(home)).layers).toEqual([id]);
});

it('[W21] many at once all come through', async () => {
  await using home = await openTestHome();
  const saves = new LayerSaves(home.world);
  const layers = await Promise.all(
    Array.from({ length: 40 }, (_, at) => saveOne(home, saves, { files: { f: `${at}` } })),
  );
  expect(new Set(layers.map(({ digest }) => digest)).size).toBe(40);
  expect(layers.every(({ new_bytes, bytes }) => new_bytes > 0 && bytes > 0)).toBe(true);
  expect((await rows(home)).layers).toHaveLength(40);
});

it('[W22] layers that are put together are read and restored as any tree, and nothing of it is stored', async () => {
  await using home = await openTestHome();
  const saves = new LayerSaves(home.world);
  const files = [
    { a: '1', both: 'x' },
    { b: '2', both: 'x' },
  ];
  const layers = await Promise.all(files.map((each) => saveOne(home, saves, { files: each })));
  const objects = async () => {
    const names: string[] = [];
    for await (const { name } of home.store.list('')) names.push(name);
    return names.filter((name) => /\/(data|tree|index)\//.test(name));
  };
  const before = await objects();
  await using pin = await home.world.vault.pin(async () => ({
    found: undefined,
    roots: layers.map(({ root }) => root),
  }));
  const source = await pin.source();
  const given = layers.map((row, writer) => ({
    id: row.id,
    root: rootOf(row),
    writer,
    whiteouts: false,
    implied: 0,
  }));
  const merged = await mergeLayers(source, given, { policy: { kind: 'fail' }, precedes: () => false });
  if (merged.kind !== 'merged') throw new Error('they do not disagree');
  const names = async (tree: typeof merged) =>
    (await collect(walk(tree.source, tree.root.tree))).map(({ path }) => displayPath(path));
  expect(await names(merged)).toEqual(['a', 'b', 'both']);
  const some = await selectRoot(merged, (path) => (path === 'b' ? 'all' : 'none'));
  expect(await names({ kind: 'merged', ...some })).toEqual(['b']);
  using target = Below.open(home.place, [Buffer.from('to')], { make: true });
  const restored = await restoreWorkspaceTree(home.world, merged, target, {});
  expect(restored).toMatchObject({ files: 3, bytes: 3 });
  expect(['a', 'b', 'both'].map((name) => readFileSync(join(home.place, 'to', name), 'utf8'))).toEqual([
    '1',
    '2',
    'x',
  ]);
  expect(await objects()).toEqual(before);
  const failing = await mergeLayers(source, given, { policy: { kind: 'fail-any' }, precedes: () => false });
  expect(failing.kind).toBe('conflicts');
});

it('[W23] a layer that neither adds nor takes away anything is told to be empty, wherever it would stand', async () => {
  await using home = await openTestHome();
  const from = directory(home, 'from', { f: '1' });
  mkdirSync(join(from, 'empty'));
  await using save = await home.world.vault.beginSave();
  const isEmpty = async (select: (path: string) => 'all' | 'none', ...at: string[]) => {
    const place = at.map((name) => Buffer.from(name));
    const content = { directory: from, shown: '.', at: place, selectors: [select], memory: undefined };
    return (await buildLayer(save.writer, [content], {})).isEmpty;
  };
  const nothing = () => 'none' as const;
  expect(await isEmpty(nothing)).toBe(true);
  expect(await isEmpty(nothing, 'a', 'b')).toBe(true);
  expect(await isEmpty(ALL, 'a')).toBe(false);
  expect(await isEmpty((path) => (path === 'empty' ? 'all' : 'none'), 'a')).toBe(false);
  expect(await isEmpty((path) => (path === 'f' ? 'all' : 'none'))).toBe(false);
});

it('[V93] a collection keeps what layers need as it keeps snapshots, and takes it when their rows are gone', async () => {
  await using home = await openTestHome();
  const saves = new LayerSaves(home.world);
  const layer = await saveOne(home, saves, { files: { f: 'kept'.repeat(1000) } });
  let now = Date.now();
  const collection = async () => {
    now += DAY;
    const parts = { ...home.vault.world, clock: () => now };
    return collectTenant(parts, home.world.vault, { ...LOCAL_MARGINS, deletion: 0 });
  };
  for (let n = 0; n < 3; n++) await collection();
  const source = await home.world.vault.reader();
  expect(await collect(walk(source, rootOf(layer).tree))).toHaveLength(1);
  expect((await verifyStore(home.vault, { readData: true })).problems).toEqual([]);
  await home.database.kysely.deleteFrom('caches').execute();
  await home.database.kysely.deleteFrom('layers').execute();
  for (let n = 0; n < 3; n++) await collection();
  expect((await collection()).liveBytes).toBe(0);
});

it('[V94] what verification finds missing of a layer is named by who saved it', async () => {
  await using home = await openTestHome();
  const { database, world } = home;
  const saves = new LayerSaves(world);
  const layer = await saveOne(home, saves, { files: { lost: 'lost' } });
  const orphan = await saveOne(home, saves, { files: { cached: 'cached' } });
  const tenant = toHex(world.vault.id);
  await database.transaction(async (tx) => {
    const times = { created: 0, started: null, ended: null, expires: null };
    await tx
      .insertInto('runs')
      .values({
        id: 'run-1',
        tenant,
        name: 'r',
        phase: 'finished',
        result: 'success',
        ...times,
        restarted_from: null,
        request: new Uint8Array(),
        holder: null,
        cancel: 0,
      })
      .execute();
    const state = {
      status: 'success',
      waiting_approval: 0,
      approved: 0,
      executor: null,
      earlier: null,
      unchanged: 0,
    } as const;
    const figures = {
      level: 0,
      attempt: 1,
      reused: 0,
      started: null,
      ended: null,
      input_digest: null,
      restored_bytes: 0,
      saved_bytes: 0,
      error: null,
    } as const;
    await tx
      .insertInto('tasks')
      .values({ id: 'task-1', run: 'run-1', number: 0, name: 'Build x86', ...state, ...figures })
      .execute();
    await tx
      .insertInto('task_layers')
      .values({
        task: 'task-1',
        step: 0,
        step_name: 's',
        attempt: 1,
        on_failure: 0,
        whiteouts: 0,
        implied: 0,
        layer: layer.id,
      })
      .execute();
  });
  for await (const { name } of home.store.list(''))
    if (name.includes('/data/')) rmSync(join(home.place, 'store', name));
  const { problems } = await verifyStore(home.vault, { readData: true });
  const paths = problems.flatMap((problem) => problem.paths);
  expect(paths).toContain('run-1#Build x86:lost');
  expect(paths).toContain(`layer ${orphan.id}:cached`);
});

it('[V95] what a reader has found broken is stored anew by the next save', async () => {
  await using home = await openTestHome();
  const saves = new LayerSaves(home.world);
  const text = 'the same '.repeat(100);
  await saveOne(home, saves, { files: { f: text } });
  const packs: string[] = [];
  for await (const { name } of home.store.list('')) if (/\/(data|tree)\//.test(name)) packs.push(name);
  for (const name of packs) rmSync(join(home.place, 'store', name));
  await home.world.vault.doubt([...packs, 'format', 'nonsense']);
  const again = await saveOne(home, saves, { files: { f: text } });
  expect(again.new_bytes).toBeGreaterThan(0);
  const source = await home.world.vault.reader();
  expect(await collect(walk(source, rootOf(again).tree))).toHaveLength(1);
});
