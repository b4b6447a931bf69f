import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { expectCode, thrownBy } from '../testing/expect-code.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { displayPath, walk } from '../tree/index.ts';
import { OffLimits } from './off-limits.ts';
import { restoreTree } from './restore.ts';
import { scanDirectory } from './scan.ts';
import { save, scratch, state } from './scratch.fixture.ts';

/** A directory of a user, with a store and a link to it inside. */
function makeUser() {
  const user = join(scratch(), 'user');
  const store = join(user, '.home', 'store');
  mkdirSync(join(store, 'packs'), { recursive: true });
  writeFileSync(join(store, 'packs', 'one'), 'sealed');
  writeFileSync(join(user, 'mine'), 'mine');
  symlinkSync('.home', join(user, 'link'));
  return { user, store };
}

describe('directories that are off limits', () => {
  it('[K21] that cannot be looked at are named', () => {
    const path = `/${'x'.repeat(300)}`;
    expect(thrownBy(() => new OffLimits([path])).message).toContain(`look at ${path}`);
  });

  it('[K21] are left out of a save, with one line', async () => {
    const { user, store } = makeUser();
    const content = new MemoryContent();
    const lines: string[] = [];
    const { root, leftOut } = await scanDirectory(user, content.sink, {
      offLimits: [join(user, 'link', 'store'), join(user, 'missing')],
      warn: (line) => lines.push(line),
    });
    const paths: string[] = [];
    for await (const { path } of walk(content.source, root.tree)) paths.push(displayPath(path));
    expect(paths).toEqual(['.home', 'link', 'mine']);
    expect(leftOut.own).toMatchObject({ count: 1 });
    expect(lines).toEqual([expect.stringContaining('.home/store')]);
    for (const source of [store, join(store, 'packs'), join(user, 'link', 'store')])
      await expectCode('bad_input', save(source, { offLimits: [store] }));
  });

  it('[K21] are no targets, nor is what is below them', async () => {
    const { user, store } = makeUser();
    const { content, root } = await save(user, { offLimits: [store] });
    const before = state(user);
    const targets = [
      store,
      join(store, 'packs'),
      join(store, 'new', 'deep'),
      join(user, 'link', 'store', 'new'),
      `${user}/new/../.home/store/new`,
    ];
    for (const target of targets)
      await expectCode(
        'bad_input',
        restoreTree(content.source, root, target, { overwrite: true, offLimits: [store] }),
      );
    expect(state(user)).toBe(before);
  });

  it('[K21] stay as they are below a target', async () => {
    const { user, store } = makeUser();
    const { content, root } = await save(user);
    writeFileSync(join(store, 'packs', 'one'), 'newer');
    const before = state(user);
    const options = { overwrite: true, offLimits: [store] };
    const refused = restoreTree(content.source, root, user, options);
    await expect(refused).rejects.toMatchObject({ code: 'refused', details: { paths: ['.home/store'] } });
    expect(state(user)).toBe(before);
    const without = await save(user, { offLimits: [store] });
    await restoreTree(without.content.source, without.root, user, options);
    expect(readdirSync(join(store, 'packs'))).toEqual(['one']);
    expect(existsSync(join(user, 'mine'))).toBe(true);
  });
});
