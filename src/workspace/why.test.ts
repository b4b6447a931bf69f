import { chmodSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { openTestHome } from '../testing/home.ts';
import { explainPath, forgetSnapshots, saveDirectory } from './index.ts';
import { savedTree } from './saved-tree.fixture.ts';

describe('why', () => {
  it('[W16] tells the snapshots that changed a path, the newest first', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const readme = join(tree, 'readme');
    const save = (message: string) => saveDirectory(home.world, tree, { workspace: 'web', message });
    utimesSync(readme, 1, 1);
    await save('only a time');
    writeFileSync(readme, 'changed\n');
    await save('content');
    writeFileSync(join(tree, 'src', 'other'), 'elsewhere\n');
    utimesSync(readme, 2, 2);
    await save('elsewhere');
    chmodSync(readme, 0o600);
    await save('mode');
    rmSync(readme);
    symlinkSync('src', readme);
    await save('kind');
    rmSync(readme);
    await save('gone');
    writeFileSync(readme, 'back\n');
    await save('back');

    const told = async (ref: string) =>
      (await explainPath(home.world, ref)).changes.map(
        ({ snapshot, change, before, after, message }) =>
          `${snapshot} ${change} ${before?.kind} ${after?.kind} ${message}`,
      );
    expect(await told('web:readme')).toEqual([
      '8 added undefined file back',
      '7 removed symlink undefined gone',
      '6 kind file symlink kind',
      '5 changed file file mode',
      '3 changed file file content',
      '1 added undefined file ',
    ]);
    expect(await told('web:src')).toEqual([
      '4 changed directory directory elsewhere',
      '1 added undefined directory ',
    ]);
    expect(await told('web:src/other')).toEqual(['4 added undefined file elsewhere']);
    expect((await told('web')).map((line) => line.split(' ')[0])).toEqual([
      '8',
      '7',
      '6',
      '5',
      '4',
      '3',
      '1',
    ]);
    chmodSync(tree, 0o700);
    await save('the root');
    expect((await told('web'))[0]).toBe('9 changed directory directory the root');
    expect((await told('web:src'))[0]).toMatch(/^4 /);
    // What was between two that stay is in the later one.
    await forgetSnapshots(home.world, 'web@3');
    expect((await told('web:readme')).slice(3)).toEqual([
      '5 changed file file mode',
      '4 changed file file elsewhere',
      '1 added undefined file ',
    ]);
  });

  it('[W16] reads the nodes on the way, and no file data', async () => {
    let tree = false;
    let read = '';
    const wrap = (store: Store): Store => ({
      ...store,
      get: (name, ...rest) => {
        if (tree && /\/(data|tree)\//.test(name)) read += name.includes('/data/') ? 'data ' : 'tree ';
        return store.get(name, ...rest);
      },
    });
    await using home = await openTestHome(wrap);
    const directory = await savedTree(home);
    mkdirSync(join(directory, 'more'));
    await saveDirectory(home.world, directory, { workspace: 'web' });
    tree = true;
    await explainPath(home.world, 'web:src/main.ts');
    expect(read).toMatch(/^(?:tree )+$/);
  });

  it('[W16] knows what was never there', async () => {
    await using home = await openTestHome();
    await savedTree(home);
    await expectCode('path_not_found', explainPath(home.world, 'web:nothing'));
    await expectCode('path_not_found', explainPath(home.world, 'web:readme/below'));
    await expectCode('workspace_not_found', explainPath(home.world, 'wbe'));
    await expectCode('bad_input', explainPath(home.world, 'web@1:readme'));
  });
});
