import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';

import { mountAt } from '../base/index.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { filesystem } from './filesystem.ts';
import { write } from './writing.fixture.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** `FS_IOC_SHUTDOWN` without a last flush of the journal: what is not on the disk by now never will be. */
const CUT_POWER = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack("I", 2))`;

const base = mkdtempSync(join(tmpdir(), 'strata-filesystem-'));
let places = 0;

function newPlace(): string {
  const place = join(base, String(++places));
  onTestFinished(() => filesystem.remove(place));
  return place;
}

function imageIn(place: string): string {
  return join(place, 'disk.img');
}

afterAll(() => {
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(base);
  rmSync(base, { recursive: true, force: true });
});

describeWith(['root', 'loop', 'mounts'], 'a file system for the files alone', () => {
  it('[Q20] the limit is exact, of any size, for root too', async () => {
    const place = newPlace();
    const held = await filesystem.open(place, 10 * GIB);
    const { bavail, bsize } = statfsSync(held.directory);
    expect([bavail * bsize, await held.used()]).toEqual([10 * GIB, 0]);
    // It takes next to nothing of the disk.
    expect(lstatSync(imageIn(place)).blocks * 512).toBeLessThan(32 * MIB);

    const small = await filesystem.open(place, 16 * MIB);
    await write(small, 'dd if=/dev/zero bs=64k of=a & dd if=/dev/zero bs=64k of=b & wait; truncate -s 1G a');
    expect(await small.used()).toBeLessThanOrEqual(16 * MIB);
    expect(await small.used()).toBeGreaterThan(15.8 * MIB);
    expect(await small.isFull()).toBe(true);
  });

  it('[Q20] it grows with the limit, whatever was there', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 8 * MIB);
    writeFileSync(join(directory, 'file'), 'text');
    for (const limit of [3 * GIB, 40 * GIB]) {
      const held = await filesystem.open(place, limit);
      const { bavail, bsize } = statfsSync(directory);
      expect(bavail * bsize + (await held.used())).toBe(limit);
      expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('text');
    }
  });

  it('[Q20] there are inodes for as many files as there are blocks, and tens of thousands that need no block', async () => {
    const held = await filesystem.open(newPlace(), 16 * MIB);
    for (let file = 0; file < 60_000; file++) closeSync(openSync(join(held.directory, `f${file}`), 'wx'));
    expect(await held.isFull()).toBe(false);
    const large = await filesystem.open(newPlace(), GIB);
    expect(statfsSync(large.directory).ffree).toBeGreaterThan(GIB / 4096);
  });

  it('[Q21] nothing of it is there before it is opened, nor `lost+found`, nor set-user-id', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 8 * MIB);
    expect(readdirSync(directory)).toEqual([]);
    execFileSync('sh', ['-c', 'cp "$(command -v id)" id && chown 65534 id && chmod u+s,a+rx id'], {
      cwd: directory,
    });
    expect(execFileSync('./id', ['-u'], { cwd: directory, encoding: 'utf8' })).toBe('0\n');
    execFileSync('mknod', ['null', 'c', '1', '3'], { cwd: directory });
    expect(() => openSync(join(directory, 'null'), 'r')).toThrow('EACCES');
    await filesystem.close(place);
    expect(existsSync(directory)).toBe(false);
  });

  it('[Q22] what is still in use stays open, and is named', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 8 * MIB);
    const child = spawn('sleep', ['1000'], { cwd: directory });
    await once(child, 'spawn');
    const error = await failureOf(filesystem.close(place));
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain(`sleep (${child.pid})`);
    await expectCode('unavailable', filesystem.remove(place));
    expect(existsSync(directory)).toBe(true);
    child.kill();
    await once(child, 'close');
    await filesystem.close(place);
    expect(mountAt(join(place, 'limited'))).toBe(undefined);
  });

  it('[Q22] something else in its place is left alone', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 8 * MIB);
    await filesystem.close(place);
    const limited = join(place, 'limited');
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', limited]);
    writeFileSync(join(limited, 'theirs'), '');
    await expectCode('unavailable', filesystem.open(place, 8 * MIB));
    expect(readdirSync(limited)).toEqual(['theirs']);
    execFileSync('umount', [limited]);
    expect((await filesystem.open(place, 8 * MIB)).directory).toBe(directory);
  });

  it('[Q23] what was deleted is given back to the disk when it is closed', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 256 * MIB);
    execFileSync('sh', ['-c', 'head -c 180M /dev/zero >big && sync big && rm big'], { cwd: directory });
    expect(lstatSync(imageIn(place)).blocks * 512).toBeGreaterThan(180 * MIB);
    await filesystem.close(place);
    expect(lstatSync(imageIn(place)).blocks * 512).toBeLessThan(64 * MIB);
  });

  it('[Q24] of a half-made image nothing is used', async () => {
    const place = newPlace();
    await filesystem.open(place, 8 * MIB);
    await filesystem.close(place);
    rmSync(imageIn(place));
    writeFileSync(`${imageIn(place)}.new`, 'half');
    expect(readdirSync((await filesystem.open(place, 8 * MIB)).directory)).toEqual([]);
    expect(existsSync(`${imageIn(place)}.new`)).toBe(false);
  });

  it('[Q25] a damaged image is `integrity`, and stays as it is', async () => {
    const damages: Record<string, (image: string) => void> = {
      empty: (image) => truncateSync(image, 0),
      short: (image) => truncateSync(image, 40 * MIB),
      'without a superblock': (image) => overwrite(image, 0, 4096),
      'without its tables': (image) => overwrite(image, 4096, 4 * MIB),
    };
    for (const [name, damage] of Object.entries(damages)) {
      const place = newPlace();
      await filesystem.open(place, 8 * MIB);
      await filesystem.close(place);
      damage(imageIn(place));
      const error = await failureOf(filesystem.open(place, 8 * MIB));
      expect([name, error.code]).toEqual([name, 'integrity']);
      expect(error.message).toContain(imageIn(place));
      expect(mountAt(join(place, 'limited'))).toBe(undefined);
    }
  });

  it('[Q25] one in which the kernel meets damage takes no more writes, and is mended when it was closed', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 8 * MIB);
    writeFileSync(join(directory, 'file'), 'text');
    execFileSync('sync', ['-f', directory]);
    const device = mountAt(join(place, 'limited'))!.source;
    writeFileSync(`/sys/fs/ext4/${device.slice('/dev/'.length)}/trigger_fs_error`, 'a test');
    expect(() => writeFileSync(join(directory, 'more'), '')).toThrow(/^E/);
    await expectCode('integrity', filesystem.open(place, 8 * MIB));
    await filesystem.close(place);
    await filesystem.open(place, 8 * MIB);
    expect(readdirSync(directory)).toEqual(['file']);
    writeFileSync(join(directory, 'more'), '');
  });
});

describeWith(['root', 'loop', 'mounts', 'python3'], 'a file system whose power is cut', () => {
  it('[Q26] has all that was synced, at the next opening', async () => {
    const place = newPlace();
    const { directory } = await filesystem.open(place, 8 * MIB);
    for (const name of ['one', 'two', 'three']) {
      execFileSync('sh', ['-c', `echo ${name} >${name} && sync ${name} .`], { cwd: directory });
      execFileSync('python3', ['-c', CUT_POWER, directory]);
      execFileSync('umount', [join(place, 'limited')]);
      await filesystem.open(place, 8 * MIB);
      expect(readFileSync(join(directory, name), 'utf8')).toBe(`${name}\n`);
    }
    expect(readdirSync(directory)).toEqual(['one', 'three', 'two']);
  });
});

function overwrite(path: string, from: number, length: number): void {
  const fd = openSync(path, 'r+');
  expect(fstatSync(fd).size).toBeGreaterThan(from + length);
  writeSync(fd, new Uint8Array(length).fill(0xa5), 0, length, from);
  closeSync(fd);
}
