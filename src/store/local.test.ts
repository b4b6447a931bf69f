import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { isStrataError } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { AS_NOBODY, onSmallDisk, runScript } from '../testing/script.ts';
import { openLocalStore } from './local.ts';
import { collect, names, sealed, text } from './store.contract.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-store-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, `store-${count++}`);

const PUTTER = join(import.meta.dirname, 'putter.fixture.ts');
const putter = (...words: readonly string[]) =>
  spawn(process.execPath, [PUTTER, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });

describe('local store', () => {
  it('[S10] that is taken away whole is unavailable, not empty, and is not made anew', async () => {
    const directory = fresh();
    const store = openLocalStore(directory);
    // Nothing was ever there.
    await expectCode('not_found', store.get('a/b'));
    expect(await collect(store.list(''))).toEqual([]);
    await store.put('a/b', sealed('text'));
    renameSync(directory, `${directory}.away`);
    for (const act of [
      () => store.get('a/b'),
      () => store.size('a/b'),
      () => collect(store.list('')),
      () => store.put('a/c', sealed('text')),
    ])
      await expectCode('unavailable', act());
    expect(existsSync(directory)).toBe(false);
    renameSync(`${directory}.away`, directory);
    expect(text(await store.get('a/b'))).toBe('text');
  });

  it('[S10] a process killed in the middle of a put leaves no object', async () => {
    const directory = fresh();
    const child = putter(directory, 'heads/1', 'half', 'stall');
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');

    const store = openLocalStore(directory);
    expect(readdirSync(join(directory, '.tmp'))).toHaveLength(1);
    expect(await names(store)).toEqual([]);
    expect(await store.size('heads/1')).toBeUndefined();
    expect(await store.put('heads/1', sealed('whole'))).toBe('created');
    expect(text(await store.get('heads/1'))).toBe('whole');
    expect(readdirSync(join(directory, '.tmp'))).toHaveLength(1);
  });

  it('[S11] of several processes one creates', async () => {
    const directory = fresh();
    const bodies = ['a', 'b', 'c', 'd'];
    const answers = await Promise.all(
      bodies.map(async (body) =>
        text(Buffer.concat(await putter(directory, 'owner/1', body).stdout.toArray())),
      ),
    );
    expect([...answers].sort()).toEqual(['created\n', 'exists\n', 'exists\n', 'exists\n']);
    expect(text(await openLocalStore(directory).get('owner/1'))).toBe(bodies[answers.indexOf('created\n')]);
  });

  it('[S12] a sweep takes what is old enough', async () => {
    const directory = fresh();
    const store = openLocalStore(directory);
    expect(await store.sweep(0)).toBe(0);
    await store.put('a', sealed('x'));
    const [old, young] = [join(directory, '.tmp/old'), join(directory, '.tmp/young')];
    for (const path of [old, young]) writeFileSync(path, 'half');
    mkdirSync(join(directory, '.tmp/claim'));
    for (const path of [old, join(directory, '.tmp/claim')]) utimesSync(path, 1, 1);
    expect(await names(store)).toEqual(['a']);
    expect(await collect(store.foreign())).toEqual([]);
    expect(await store.sweep(60_000)).toBe(2);
    expect(readdirSync(join(directory, '.tmp'))).toEqual(['young']);
  });

  it('[S12] a sweep takes at once what a dead process left, and leaves what a living one has begun', async () => {
    const directory = fresh();
    const [dead, living] = [putter(directory, 'a', 'half', 'stall'), putter(directory, 'b', 'half', 'stall')];
    await Promise.all([once(dead.stdout, 'data'), once(living.stdout, 'data')]);
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    const store = openLocalStore(directory);
    expect(await store.sweep(60_000)).toBe(1);
    expect(readdirSync(join(directory, '.tmp'))).toHaveLength(1);
    living.kill('SIGKILL');
    await once(living, 'exit');
    expect(await store.sweep(60_000)).toBe(1);
  });

  it('[S14] only the owner sees anything, whatever the umask', async () => {
    const directory = join(fresh(), 'deep');
    const before = process.umask(0);
    try {
      await openLocalStore(directory).put('tenants/a', sealed('x'));
    } finally {
      process.umask(before);
    }
    for (const path of ['', '..', 'tenants', '.tmp'])
      expect(statSync(join(directory, path)).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'tenants/a')).mode & 0o777).toBe(0o600);
  });

  it('[S15] what is no plain file is no object', async () => {
    const directory = fresh();
    const store = openLocalStore(directory);
    await store.put('secret', sealed('elsewhere'));
    symlinkSync('secret', join(directory, 'link'));
    symlinkSync('nothing', join(directory, 'dangling'));
    mkdirSync(join(directory, 'directory'));
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    for (const name of ['link', 'dangling', 'directory', 'fifo']) {
      await expectCode('integrity', store.get(name));
      await expectCode('integrity', store.size(name));
      await expectCode('integrity', store.put(name, sealed('x')));
    }
    expect(existsSync(join(directory, 'nothing'))).toBe(false);
    expect(readdirSync(join(directory, '.tmp'))).toEqual([]);
  });

  it('[S15] a link in place of a directory takes no object elsewhere', async () => {
    const directory = fresh();
    const elsewhere = fresh();
    for (const path of [directory, elsewhere]) mkdirSync(path);
    symlinkSync(elsewhere, join(directory, 'tenants'));
    await expectCode('integrity', openLocalStore(directory).put('tenants/a', sealed('x')));
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it('[S4] an object cut short is damage', async () => {
    const directory = fresh();
    const store = openLocalStore(directory);
    await store.put('a', sealed('0123456789'));
    truncateSync(join(directory, 'a'), 5);
    await expectCode('integrity', store.get('a', { range: { offset: 4, length: 2 } }));
    expect(text(await store.get('a', { range: { offset: 3, length: 2 } }))).toBe('34');
  });

  it('[S16] what does not belong there is foreign', async () => {
    const directory = fresh();
    const store = openLocalStore(directory);
    await store.put('a/b', sealed('x'));
    const foreign = ['README.md', 'a/B', 'a/b~', 'Dir/', 'a/link', 'long'.repeat(20)];
    for (const name of foreign) {
      const path = join(directory, name);
      if (name.endsWith('/')) mkdirSync(path);
      else if (name.endsWith('link')) symlinkSync('b', path);
      else writeFileSync(path, '');
    }
    mkdirSync(join(directory, 'x/x/x/x/x/x/x/x'), { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.of(0xff)]), '');
    expect(await names(store)).toEqual(['a/b']);
    const found = await collect(store.foreign());
    expect([...found].sort()).toEqual([...foreign, 'x/x/x/x/x/x/x/x/', '\ufffd'].sort());
  });

  it('[S18] reading makes nothing', async () => {
    const directory = fresh();
    const store = openLocalStore(directory);
    await expectCode('not_found', store.get('a'));
    expect(await store.size('a')).toBeUndefined();
    expect(await names(store)).toEqual([]);
    await store.delete('a');
    await store.sweep(0);
    expect(existsSync(directory)).toBe(false);
  });

  it('[S19] a place that cannot be written to', async () => {
    const file = fresh();
    writeFileSync(file, 'precious');
    const error = await openLocalStore(file)
      .put('heads/1', sealed('x'))
      .catch((reason: unknown) => reason);
    expect(isStrataError(error) && error.message).toContain(`write object heads/1 to local store ${file}`);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });
});

/** The start of a script about the store in `mount`. */
const script = (mount: string) => `
  import { openLocalStore } from ${JSON.stringify(join(import.meta.dirname, 'local.ts'))};
  import { execFileSync } from 'node:child_process';
  import { readdirSync, writeFileSync, rmSync } from 'node:fs';
  const mount = ${JSON.stringify(mount)};
  const store = openLocalStore(mount + '/store');
  const code = (promise) => promise.catch((error) => error.code);
  const put = (name, parts) => code(store.put(name, Array(parts).fill(new Uint8Array(65536))));
  const say = (...words) => console.log(JSON.stringify(words));`;

function inSmallDisk(mount: string, steps: string): string {
  mkdirSync(mount);
  return runScript(script(mount) + steps, onSmallDisk(mount));
}

describeWith(['mounts'], 'local store on a small disk', () => {
  it('[S13] a full disk leaves nothing, and a put works once there is room', () => {
    const said = inSmallDisk(
      fresh(),
      `say(await put('a', 1), await put('b', 100), await store.size('b') ?? null, readdirSync(mount + '/store/.tmp'));
       writeFileSync(mount + '/fill', Buffer.alloc(900000));
       say(await put('c', 5));
       rmSync(mount + '/fill');
       say(await put('b', 5), await put('c', 5), (await Array.fromAsync(store.list(''))).length);`,
    );
    expect(said).toBe('["created","disk_full",null,[]]\n["disk_full"]\n["created","created",3]\n');
  });

  it('[S19] a disk that is mounted read-only can still be read', () => {
    const said = inSmallDisk(
      fresh(),
      `await put('a', 1);
       execFileSync('mount', ['-o', 'remount,ro', mount]);
       say(await put('b', 1), await code(store.delete('a')), await store.size('a'));`,
    );
    expect(said).toBe('["read_only","read_only",65536]\n');
  });
});

describeWith(['mounts', 'loop', 'python3'], 'local store and the power', () => {
  it('[S20] after a power cut every acknowledged object is there', () => {
    const place = fresh();
    mkdirSync(place);
    const result = spawnSync('unshare', ['--mount', 'sh', '-ec', POWER_CUT], {
      cwd: place,
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, PUTTER },
    });
    expect(result.stdout + result.stderr).toBe(
      'created\ncreated\ncreated\n/a:x\n/heads/1/1:y\n/heads/1/2:z\n',
    );
  });
});

/** FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: what is only in memory is gone. */
const POWER_CUT = `
  truncate -s 16M disk && mkfs.ext4 -q disk && mkdir mount && mount -o loop,commit=60 disk mount
  mkdir mount/store && sync -f mount
  "$NODE" "$PUTTER" mount/store a x
  "$NODE" "$PUTTER" mount/store heads/1/1 y
  "$NODE" "$PUTTER" mount/store heads/1/2 z
  python3 -c 'import fcntl, os; fcntl.ioctl(os.open("mount", os.O_RDONLY), 0x8004587D, b"\\2\\0\\0\\0")'
  umount mount && mount -o loop disk mount
  cd mount/store && find . -type f -not -path './.tmp/*' | sort | while read f; do echo "\${f#.}:$(cat "$f")"; done
  cd ../.. && umount mount`;

describeWith(['user'], 'local store as another user', () => {
  it('[S19] what belongs to somebody else is unreadable, not empty', async () => {
    const place = fresh();
    await openLocalStore(join(place, 'store')).put('tenants/a', sealed('x'));
    for (const path of [base, place]) chmodSync(path, 0o755);
    const said = runScript(
      `${script(place)}
       say(await put('b', 1), await code(store.get('tenants/a')), await code(store.size('tenants/a')));
       say(await code(store.list('').next()), await code(store.delete('tenants/a')), await code(store.sweep(0)));`,
      AS_NOBODY,
    );
    const word = '"unreadable"';
    expect(said).toBe(`[${word},${word},${word}]\n[${word},${word},${word}]\n`);
    expect(await names(openLocalStore(join(place, 'store')))).toEqual(['tenants/a']);
  });
});
