/** Caches: trees under keys, for later runs of the same source. */

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { StrataError } from '../base/index.ts';
import { openRunHome, runOf, taskOf } from './run.fixture.ts';
import type { RunHome } from './run.fixture.ts';

const source = (location: string) => ({ location, ref: undefined, branch: undefined, tag: undefined });

const save = (key: string, text: string) =>
  runOf(
    `{ name: save, steps: [{ run: "mkdir c && echo ${text} > c/f && echo sum-${text} > lock" },
       { save_cache: { key: ${JSON.stringify(key)}, contents: [{ source_dir: c }] } }] }`,
  );
const restore = (keys: readonly string[], before = 'true') =>
  runOf(
    `{ name: restore, steps: [{ run: ${JSON.stringify(before)} }, { restore_cache: { keys: ${JSON.stringify(keys)}, dest_dir: c } },
       { run: "cat c/* 2>/dev/null || echo nothing" }] }`,
  );

async function restored(
  home: RunHome,
  keys: readonly string[],
  from = '/a',
  before?: string,
): Promise<string> {
  const run = await home.start(restore(keys, before), { source: source(from) });
  expect(run.result).toBe('success');
  return (await home.log(run.id)).trim().split('\n').at(-1)!;
}

it('[R30] the whole key is found first, then the newest that begins with it, key by key; a miss is a success', async () => {
  const home = await openRunHome();
  for (const [key, text] of [
    ['dep-1', 'one'],
    ['dep-2', 'two'],
    ['dep', 'exact'],
    ['dep-20', 'twenty'],
  ] as const) {
    expect((await home.start(save(key, text), { source: source('/a') })).result).toBe('success');
    home.wait(1000);
  }
  expect(await restored(home, ['dep-1'])).toBe('one');
  expect(await restored(home, ['dep'])).toBe('exact');
  expect(await restored(home, ['dep-'])).toBe('twenty');
  expect(await restored(home, ['none', 'dep-2'])).toBe('two');
  expect(await restored(home, ['d%', '_ep-1', 'DEP'])).toBe('nothing');
});

it('[R30] what has its key stays as it was', async () => {
  const home = await openRunHome();
  await home.start(save('k', 'first'), { source: source('/a') });
  const again = await home.start(save('k', 'second'), { source: source('/a') });
  expect(await home.log(again.id)).toContain('there is a cache k already');
  expect(await restored(home, ['k'])).toBe('first');
});

it('[R30] a key has the sum of a file in it, and the arch; a file that is not there is an error that names it', async () => {
  const home = await openRunHome();
  const key = '{{ arch }}-{{ md5sum "lock" }}';
  await home.start(save(key, 'x'), { source: source('/a') });
  expect(await restored(home, [key], '/a', 'echo sum-x > lock')).toBe('x');
  expect(await restored(home, [key], '/a', 'echo sum-y > lock')).toBe('nothing');
  const none = await home.start(restore(['{{ env "NOWHERE" }}no-{{ os }}', 'nor']), { source: source('/a') });
  // The keys that were looked for, not what they were made of.
  expect(await home.log(none.id)).toContain('no cache for no-linux, nor');
  const missing = await home.start(restore([key]), { source: source('/a') });
  expect(taskOf(missing, 'restore').error).toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('lock'),
  });
});

it('[R31] another source has caches of its own, and so has none at all', async () => {
  const home = await openRunHome();
  await home.start(save('k', 'of-a'), { source: source('/a') });
  await home.start(save('k', 'of-b'), { source: source('/b') });
  expect(await restored(home, ['k'], '/a')).toBe('of-a');
  expect(await restored(home, ['k'], '/b')).toBe('of-b');
  expect(await restored(home, ['k'], '/c')).toBe('nothing');
  const none = await home.start(restore(['k']));
  expect(await home.log(none.id)).toContain('no cache for k');
});

it('[R30] a cache is put over what is there, and leaves the mode of its directory alone', async () => {
  const home = await openRunHome();
  await home.start(save('k', 'cached'), { source: source('/a') });
  expect(
    await restored(
      home,
      ['k'],
      '/a',
      'mkdir c && chmod 700 c && echo old > c/f && echo mine > c/a && stat -c %a c > mode',
    ),
  ).toBe('cached');
});

const DAMAGES = [
  ['data', 'gone', rmSync],
  ['tree', 'gone', rmSync],
  ['data', 'damaged', damage],
] as const;

it.each(DAMAGES)(
  '[R34] a cache whose %s is %s is a miss that says so, and is saved anew',
  async (kind, _, harm) => {
    const home = await openRunHome();
    const from = { source: source('/a') };
    const file = runOf(
      `{ name: t, steps: [{ restore_cache: { keys: [gone, k], dest_dir: b/c } }, { run: "ls -A" },
       { run: "mkdir -p c && seq 1 60000 > c/f; echo f > c/g" }, { save_cache: { key: k, contents: [{ source_dir: c }] } }] }`,
    );
    expect((await home.start(file, from)).result).toBe('success');
    for (const path of objects(home, kind)) harm(path);
    const missed = await home.start(file, from);
    expect(missed.result).toBe('success');
    // Between the two lines nothing: no directory was left.
    expect(await home.log(missed.id)).toMatch(
      /^warning: the cache k is not whole, and is passed over: .*object .*; the next save of its key replaces it\nno cache for gone, k\nsaved cache k, /,
    );
    const found = await home.start(file, from);
    expect(await home.log(found.id)).toMatch(
      /^restored cache k, 2 files, .*\nb\nthere is a cache k already\n$/,
    );
  },
);

it('[R34] in the place of a cache that is not whole an older one that begins with the key is taken', async () => {
  const home = await openRunHome();
  await home.start(save('k-1', 'first'), { source: source('/a') });
  const before = new Set(objects(home, 'data'));
  home.wait(1000);
  await home.start(save('k-2', 'second'), { source: source('/a') });
  for (const path of objects(home, 'data')) if (!before.has(path)) rmSync(path);
  expect(await restored(home, ['k-'], '/a', 'mkdir c && echo mine > c/f')).toBe('first');
  expect(await restored(home, ['k-2'], '/a', 'mkdir c && echo mine > c/f')).toBe('mine');
});

it('[R34] a store that cannot be asked fails the step, and the cache stays', async () => {
  const home = await openRunHome();
  await home.start(save('k', 'text'), { source: source('/a') });
  const { get } = home.store;
  home.store.get = async (name, options) => {
    if (name.includes('/data/')) throw new StrataError('unavailable', 'the network is down');
    return get(name, options);
  };
  const run = await home.start(restore(['k']), { source: source('/a') });
  expect(taskOf(run, 'restore').error).toMatchObject({ code: 'unavailable' });
  home.store.get = get;
  expect(await restored(home, ['k'])).toBe('text');
});

function objects(home: RunHome, kind: string): string[] {
  return readdirSync(home.at('store'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes(`/${kind}/`));
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

it('[R33] a save reads only what has changed since a restore, or since a save of all', async () => {
  const home = await openRunHome();
  const read = chunksRead(home);
  // What is younger than a tick could change without a trace.
  const make = '{ run: "mkdir c && for n in 1 2 3 4; do echo $n > c/$n; done && sleep 0.1" }';
  const whole = 'contents: [{ source_dir: c }]';
  const first = `{ name: first, steps: [${make}, { save_to_workspace: { ${whole} } }, { save_cache: { key: k, ${whole} } }] }`;
  expect((await home.start(runOf(first))).result).toBe('success');
  expect(read()).toBe(4);
  const change = '{ run: "echo more >> c/2 && sleep 0.1" }';
  const layer = (name: string) =>
    `{ save_to_workspace: { contents: [{ source_dir: c, dest_dir: ${name} }] } }`;
  const fromCache = '{ restore_cache: { keys: [k], dest_dir: c } }';
  const second = `{ name: second, steps: [${fromCache}, ${change}, ${layer('a')}, ${layer('b')}] }`;
  const run = await home.start(runOf(second));
  expect(run.result).toBe('success');
  expect(read()).toBe(1);
  const files = Object.fromEntries(['1', '2', '3', '4'].map((name) => [name, `${name}\n`]));
  const changed = { ...files, 2: '2\nmore\n' };
  const all = ['a', 'b'].flatMap((place) =>
    Object.entries(changed).map(([name, text]) => [`${place}/${name}`, text]),
  );
  expect(await home.files(run.id)).toEqual(Object.fromEntries(all));
});

/** @returns how many pieces of files the saves of a home have cut since it was asked the last time */
function chunksRead(home: RunHome): () => number {
  let count = 0;
  const { layers } = home.world;
  const saveLayer = layers.save.bind(layers);
  layers.save = (plan) =>
    saveLayer({
      ...plan,
      build: (sink) =>
        plan.build(
          new Proxy(sink, {
            get(target, key) {
              if (key === 'chunk') count++;
              const value: unknown = Reflect.get(target, key, target);
              return typeof value === 'function' ? value.bind(target) : value;
            },
          }),
        ),
    });
  return () => {
    const counted = count;
    count = 0;
    return counted;
  };
}
