import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { onSmallDisk, runScript } from '../testing/script.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'strata-read-only-'));
afterAll(() => rmSync(base, { recursive: true }));

describeWith(['mounts'], 'a home on a read-only disk', () => {
  it('[E27] answers whatever reads, and refuses the rest', () => {
    mkdirSync(join(base, 'tree', 'sub'), { recursive: true });
    mkdirSync(join(base, 'disk'));
    writeFileSync(join(base, 'tree', 'sub', 'file'), 'line\n'.repeat(5000));
    const script = `
      import { execFileSync } from 'node:child_process';
      import { openEngine } from ${ROOM};
      process.chdir(${JSON.stringify(base)});
      const open = () => openEngine({ home: 'disk/home', env: {} });
      const all = async (items) => { const list = []; for await (const item of items) list.push(item); return list; };
      {
        await using engine = await open();
        await engine.workspaces.save('tree', { workspace: 'web' });
        await engine.workspaces.fork('web', 'copy');
      }
      execFileSync('mount', ['-o', 'remount,ro', 'disk']);
      await using engine = await open();
      const { workspaces, store, keys } = engine;
      let files = 0;
      const tasks = {
        list: async () => (await workspaces.list()).length,
        log: async () => (await workspaces.log('web')).length,
        ls: async () => (await all(workspaces.ls('web'))).length,
        cat: async () => Buffer.concat(await all(workspaces.cat('web:sub/file'))).length,
        diff: async () => (await all(workspaces.diff('web', 'copy'))).length,
        manifest: async () => (await all(workspaces.manifest('web'))).length,
        restore: async () => (await workspaces.restore('web', 'out')).files,
        stats: async () => (await store.stats()).snapshots,
        verify: async () => (await store.verify({ readData: true })).ok,
        status: async () => (await keys.status()).tenants.length,
        save: () => workspaces.save('tree', { workspace: 'web', onProgress: () => files++ }),
        fork: () => workspaces.fork('web', 'other'),
        rebuild: () => store.rebuildIndex(),
        rotate: () => keys.rotateRoot(),
        into: () => workspaces.restore('web', 'disk/out'),
      };
      for (const [name, task] of Object.entries(tasks)) console.log(name, await task().catch(({ code, message }) => message.endsWith('can only be read') ? code + ' at once' : code));
      console.log('files read', files);`;
    expect(
      runScript(script, onSmallDisk(join(base, 'disk')))
        .trim()
        .split('\n'),
    ).toEqual([
      'list 2',
      'log 1',
      'ls 1',
      'cat 25000',
      'diff 0',
      'manifest 1',
      'restore 1',
      'stats 2',
      'verify true',
      'status 1',
      'save read_only at once',
      'fork read_only at once',
      'rebuild read_only at once',
      'rotate read_only',
      'into read_only',
      'files read 0',
    ]);
    expect(readFileSync(join(base, 'out', 'sub', 'file'), 'utf8')).toBe('line\n'.repeat(5000));
  });
});
