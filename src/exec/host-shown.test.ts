import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { expectCode, failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { hostExecutor } from './host.ts';
import type { HostOptions } from './host.ts';
import { newDirectory, newSource, shellIn } from './place.fixture.ts';

const open = (options: Partial<HostOptions> = {}) =>
  hostExecutor({ sandbox: 'require', bind: [], hidden: [], environment: process.env, ...options });

/** Not in /tmp, of which a sandbox shows nothing anyway. */
const scratch = () => newSource('/var', 'strata-exec-');

/** Nothing is there on any machine. */
const MISSING = `/strata-missing-${process.pid}`;

const refusal = async (options: Partial<HostOptions>, source: string, at: string) => {
  const directory = newDirectory();
  try {
    return await failureOf((await open(options)).place({ directory, shown: [{ source, at }] }));
  } finally {
    rmSync(directory, { recursive: true });
  }
};

describeWith(['bwrap', 'root'], 'what a sandbox shows besides', () => {
  it('[X27] where the machine has no directory, the sandbox is as it is elsewhere', async () => {
    const executor = await open();
    const look = 'stat -c "%N %F %a %u" /* /.[!.]* 2>/dev/null';
    const usual = await (await shellIn(executor, undefined)).sh(look);
    for (const at of [MISSING, `${MISSING}/two/deep`]) {
      const source = newSource();
      const { sh } = await shellIn(executor, undefined, [{ source, at }]);
      const lines = (await sh(look)).stdout.split('\n');
      const isNew = (line: string) => line.includes(MISSING);
      expect(lines.filter((line) => !isNew(line))).toEqual(usual.stdout.split('\n'));
      expect(lines.filter(isNew)).toEqual([expect.stringMatching(/ directory 7[05][05] 0$/)]);
      for (const path of ['/x', '/usr/x', '/etc/x', '/sys/x'])
        expect((await sh(`touch ${path}`)).exitCode, path).not.toBe(0);
      for (const script of [
        ': >>/proc/sys/vm/swappiness',
        'umount /',
        'mount -o remount,rw /',
        `rmdir ${at}`,
      ])
        expect((await sh(script)).exitCode, script).not.toBe(0);
      expect((await sh('ls -A /tmp /run /root')).stdout).toBe('/root:\n\n/run:\n\n/tmp:\n');
      expect(
        (await sh(`echo text >${at}/file && touch ~/file /tmp/file /dev/null && stat -c %a / ${at}`)).stdout,
      ).toBe('755\n700\n');
      expect(readdirSync(source)).toEqual(['file']);
    }
    expect(existsSync(MISSING)).toBe(false);
  }, 60_000);

  it('[X27] of a hidden directory the source is shown, and nothing else', async () => {
    const directory = scratch();
    const home = join(directory, 'home');
    const source = join(home, 'workspaces', 'one');
    mkdirSync(source, { recursive: true });
    for (const path of ['home/key', 'home/workspaces/two', 'home/workspaces/one/mine'])
      writeFileSync(join(directory, path), 'secret');
    const all = { hidden: [home], environment: { ...process.env, HOME: home } };
    for (const options of [all, { ...all, hidden: [] }]) {
      for (const at of [MISSING, '/srv', '/tmp/at/it']) {
        const { sh } = await shellIn(await open(options), undefined, [{ source, at }]);
        const script = `ls -A ${at}; ls -A ${home}; cat ${home}/key ${source}/mine; grep -rs secret ${directory}`;
        expect((await sh(script)).stdout, at).toBe('mine\n');
      }
    }
  });

  it('[X27] what is shown at a path is all that is there', async () => {
    const directory = scratch();
    const at = join(directory, 'at');
    const hidden = [join(at, 'hidden'), join(at, 'hidden/deep'), join(at, 'key')];
    for (const path of [join(at, 'hidden/deep'), join(at, 'home')]) mkdirSync(path, { recursive: true });
    writeFileSync(join(at, 'key'), 'secret');
    const environment = { ...process.env, HOME: join(at, 'home') };
    const source = newSource();
    writeFileSync(join(source, 'file'), '');
    for (const path of [
      at,
      join(at, 'hidden'),
      join(at, 'hidden/deep'),
      join(at, 'hidden/more/deep'),
      '/tmp',
    ]) {
      const executor = await open({ hidden, environment });
      const { sh } = await shellIn(executor, undefined, [{ source, at: path }]);
      expect((await sh(`ls -A ${path}`)).stdout, path).toBe('file\n');
      // A mount inside of it would have made its directory there.
      expect(readdirSync(source)).toEqual(['file']);
      expect(readdirSync(at)).toEqual(['hidden', 'home', 'key']);
      expect(readdirSync(join(at, 'hidden'))).toEqual(['deep']);
    }
  });

  it('[X27] a name of several lines is a name', async () => {
    const source = newSource('/var', 'line\nbreak:,');
    const { sh } = await shellIn(await open(), undefined, [{ source, at: '/a\nb' }]);
    expect((await sh(`echo text >'/a\nb/file'; ls /`)).exitCode).toBe(0);
    expect(readdirSync(source)).toEqual(['file']);
  });

  it('[X28] where it would take more than a root, nothing is shown', async () => {
    const directory = scratch();
    const source = newSource();
    symlinkSync('/srv', join(directory, 'link'));
    writeFileSync(join(directory, 'file'), '');
    for (const name of ['missing', 'link', 'link/x', 'file', 'file/x']) {
      const at = join(directory, name);
      for (const bind of [[], [directory]])
        expect(await refusal({ bind, hidden: [join(directory, 'file')] }, source, at), at).toMatchObject({
          code: 'bad_input',
        });
    }
    expect(readdirSync(directory).sort()).toEqual(['file', 'link']);
  });

  it('[X28] a source that has something hidden in it is refused, and a path that is bound', async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'a/b'), { recursive: true });
    const hidden = join(directory, 'a/b');
    for (const source of [hidden, join(directory, 'a'), directory]) {
      expect(await refusal({ hidden: [hidden] }, source, '/srv')).toMatchObject({ code: 'bad_input' });
      expect(await refusal({ environment: { ...process.env, HOME: hidden } }, source, '/srv')).toMatchObject({
        code: 'bad_input',
      });
    }
    for (const source of ['/var', '/tmp'])
      expect(await refusal({}, source, '/srv')).toMatchObject({ code: 'bad_input' });
    for (const at of [join(directory, 'a'), hidden])
      expect(await refusal({ bind: [hidden] }, newSource(), at)).toMatchObject({ code: 'bad_input' });
    // It could be replaced while it is bound.
    expect(await refusal({ bind: [directory] }, hidden, '/srv')).toMatchObject({ code: 'bad_input' });
    const { sh } = await shellIn(await open({ bind: [hidden] }), undefined, [{ source: hidden, at: '/srv' }]);
    expect((await sh(`echo text >/srv/file; cat ${hidden}/file`)).stdout).toBe('text\n');
  });
});

describe('on a host', () => {
  it('[X15] a source that was replaced since is not followed', async () => {
    for (const sandbox of ['auto', 'off'] as const) {
      const directory = scratch();
      const source = join(directory, 'source');
      mkdirSync(source);
      const { sh } = await shellIn(await open({ sandbox }), undefined, [{ source, at: '/workspace' }]);
      expect((await sh('true')).exitCode).toBe(0);
      renameSync(source, join(directory, 'elsewhere'));
      await expectCode('not_found', sh('true'));
      symlinkSync('/root', source);
      await expectCode('bad_input', sh('true'));
      rmSync(source);
      renameSync(join(directory, 'elsewhere'), source);
      expect((await sh('true')).exitCode).toBe(0);
    }
  });
});
