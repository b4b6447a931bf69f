import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { concatBytes } from '../base/index.ts';
import { describeWith } from '../testing/need.ts';
import { noise, pinnedRandom, prose } from '../testing/noise.ts';
import { LocalFile } from './local-file.ts';
import { KEYRING, keyringOf } from './writer.fixture.ts';

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'strata-local-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, 'below', 'file');
}

const open = (path: string, kind = 'test/1', keyring = KEYRING) =>
  new LocalFile(path, kind, keyring, pinnedRandom(path));

function put(path: string, ...parts: readonly Uint8Array[]): void {
  const writer = open(path).write();
  for (const part of parts) writer.write(part);
  writer.commit();
}

describe('a local file', () => {
  it('[V70] gives back what was written, part by part, and nobody can read it in it', async () => {
    const path = place();
    const parts = [prose('a', 100_000), noise('b', 20_000_000), prose('c', 3)];
    put(path, ...parts);
    expect(Buffer.compare((await open(path).read())!, concatBytes(parts))).toBe(0);
    expect(readFileSync(path).includes(Buffer.from(parts[0]!.subarray(0, 30)))).toBe(false);
    put(path, prose('d', 10));
    expect(await open(path).read()).toEqual(prose('d', 10));
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  it('[V70] is not there before it is committed, and stays as it was if nothing was written', async () => {
    const path = place();
    put(path, prose('a', 10));
    const writer = open(path).write();
    writer.write(prose('b', 10));
    expect(await open(path).read()).toEqual(prose('a', 10));
    writer.discard();
    open(path).write().commit();
    expect(await open(path).read()).toEqual(prose('a', 10));
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });

  it('[V70] reads as nothing when it is missing, damaged, cut off, of another kind or another’s', async () => {
    const path = place();
    expect(await open(path).read()).toBeUndefined();
    put(path, prose('a', 1000));
    expect(await open(path, 'test/2').read()).toBeUndefined();
    expect(await open(path, 'test/1', keyringOf('two')).read()).toBeUndefined();
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      writeFileSync(path, flipped);
      expect(await open(path).read(), `byte ${at}`).toBeUndefined();
      writeFileSync(path, whole.subarray(0, at));
      expect(await open(path).read(), `cut at ${at}`).toBeUndefined();
    }
    writeFileSync(path, Buffer.concat([whole, Buffer.of(0)]));
    expect(await open(path).read()).toBeUndefined();
  });

  it('[V70] that cannot be written is no error', async () => {
    const path = join(place(), '..', '..', 'a file');
    writeFileSync(path, '');
    put(join(path, 'below'), prose('a', 10));
    expect(await open(join(path, 'below')).read()).toBeUndefined();
  });
});

describeWith(['root', 'mounts'], 'a local file on a full disk', () => {
  it('[V70] is not there, and nothing of it stays open or on the disk', () => {
    const disk = mkdtempSync(join(tmpdir(), 'strata-local-full-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]);
    onTestFinished(() => {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    });
    put(join(disk, 'file'), noise('a', 2_000_000), noise('b', 1000));
    expect(readdirSync(disk)).toEqual([]);
    const held = readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return [readlinkSync(join('/proc/self/fd', fd))];
      } catch {
        // That of the list itself.
        return [];
      }
    });
    expect(held.filter((path) => path.startsWith(disk))).toEqual([]);
  });
});
