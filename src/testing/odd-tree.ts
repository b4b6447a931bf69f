/** A directory of everything that is hard to keep: for tests of what saves and restores directories. Linux only. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

export interface OddTreeOptions {
  /** Apparent size of a file that is almost all hole. Bytes. */
  readonly sparseBytes?: number;
  /** Bytes of noise, and of zeros. */
  readonly bulkBytes?: number;
  /** Directories in each other. At 20 and more their path is longer than 4096 bytes. */
  readonly depth?: number;
}

/** All of it is kept exactly by a save. @param directory does not exist yet */
export function makeOddTree(directory: string, options: OddTreeOptions = {}): void {
  const { sparseBytes = 128 * 1024 * 1024, bulkBytes = 3 * 1024 * 1024, depth = 24 } = options;
  mkdirSync(directory);
  const at = (name: string) => join(directory, name);
  const section = (name: string) => {
    mkdirSync(at(name));
    return (...names: string[]) => join(directory, name, ...names);
  };

  makeNames(directory);
  makeLinks(section('links'));
  makeModes(section('modes'));
  makeTimes(section('times'));
  makeDepth(at('deep'), depth);

  const files = section('files');
  mkdirSync(files('empty directory'));
  writeFileSync(files('empty'), '');
  writeFileSync(files('one byte'), 'x');
  writeFileSync(files('first of two'), 'the same inode\n');
  linkSync(files('first of two'), files('second of two'));
  writeFileSync(files('noise'), noise(bulkBytes));
  writeFileSync(files('zeros'), Buffer.alloc(bulkBytes + 1));
  writeFileSync(files('page and a byte'), Buffer.concat([Buffer.alloc(64 * 1024), Buffer.from('x')]));
  writeFileSync(
    files('hole, noise, hole'),
    Buffer.concat([Buffer.alloc(200_000), noise(300_001), Buffer.alloc(400_000)]),
  );
  makeSparse(files('sparse'), sparseBytes);

  chmodSync(directory, 0o750);
  utimesSync(directory, 1_234_567_890.123456, 1_234_567_890.123456);
}

/** What a save leaves out, with a warning. @param directory exists */
export async function addSpecialFiles(directory: string): Promise<void> {
  spawnSync('mkfifo', [join(directory, 'fifo')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve));
  // Closing would remove the socket's name; a copy of the name stays.
  linkSync(join(directory, 'socket'), join(directory, 'kept socket'));
  await new Promise((resolve) => server.close(resolve));
  if (process.getuid?.() === 0) spawnSync('mknod', [join(directory, 'device'), 'c', '1', '3']);
  mkdirSync(join(directory, 'sticky'));
  chmodSync(join(directory, 'sticky'), 0o1777);
}

function makeNames(directory: string): void {
  mkdirSync(join(directory, 'names'));
  const names = [
    Buffer.from([0xff, 0xfe, 0x80]),
    Buffer.from('new\nline'),
    Buffer.from('tab\tand \x1b[31mescape'),
    Buffer.from('n'.repeat(255)),
    Buffer.from('\u00e9'),
    Buffer.from('e\u0301'),
    Buffer.from('Case'),
    Buffer.from('case'),
    Buffer.from(' '),
    Buffer.from('-rf'),
    Buffer.from('...'),
    Buffer.from('.hidden'),
    Buffer.from('back\\slash'),
    Buffer.from('"quotes\' $(and) `such` *'),
    Buffer.from('\u{1f600}'),
    Buffer.from('__proto__'),
  ];
  const prefix = Buffer.from(join(directory, 'names', '/'));
  for (const name of names) writeFileSync(Buffer.concat([prefix, name]), name);
  mkdirSync(Buffer.concat([prefix, Buffer.from([0xc3, 0x28])]));
}

function makeLinks(at: (...names: string[]) => string): void {
  mkdirSync(at('directory'));
  writeFileSync(at('directory', 'file'), 'behind links\n');
  symlinkSync('directory', at('to directory'));
  symlinkSync('directory/file', at('to file'));
  symlinkSync('nowhere', at('dangling'));
  symlinkSync('/etc/passwd', at('absolute'));
  symlinkSync('../../../../../../etc', at('upwards'));
  symlinkSync('circle b', at('circle a'));
  symlinkSync('circle a', at('circle b'));
  symlinkSync('.', at('itself'));
  symlinkSync('t'.repeat(4095), at('long'));
  symlinkSync(Buffer.from([0xff, 0x0a, 0x80]), at('no text'));
  lutimesSync(at('dangling'), 86_400.000001, 86_400.000001);
}

function makeModes(at: (...names: string[]) => string): void {
  for (const mode of [0o000, 0o111, 0o444, 0o555, 0o600, 0o755, 0o777]) {
    const name = mode.toString(8).padStart(4, '0');
    writeFileSync(at(`file ${name}`), name);
    chmodSync(at(`file ${name}`), mode);
    mkdirSync(at(`directory ${name}`));
    writeFileSync(at(`directory ${name}`, 'inside'), name);
    mkdirSync(at(`directory ${name}`, 'below'));
    chmodSync(at(`directory ${name}`), mode);
  }
}

function makeTimes(at: (...names: string[]) => string): void {
  const seconds = [
    0, 0.000001, 1, 999_999_999.999999, 1_700_000_000.123457, 2_147_483_648.000001, 4_102_444_799.999999,
  ];
  for (const time of seconds) {
    writeFileSync(at(`file ${time}`), String(time));
    utimesSync(at(`file ${time}`), time, time);
    symlinkSync('x', at(`link ${time}`));
    lutimesSync(at(`link ${time}`), time, time);
    mkdirSync(at(`directory ${time}`));
    utimesSync(at(`directory ${time}`), time, time);
  }
}

/** By open directories: a path of this length can be given to no system call. */
function makeDepth(path: string, depth: number): void {
  mkdirSync(path);
  let fd = openSync(path, 'r');
  for (let level = 0; level < depth; level++) {
    const name = `/proc/self/fd/${fd}/${String(level).padEnd(220, '-')}`;
    mkdirSync(name);
    const below = openSync(name, 'r');
    closeSync(fd);
    fd = below;
  }
  writeFileSync(`/proc/self/fd/${fd}/bottom`, 'deep down\n');
  closeSync(fd);
}

function makeSparse(path: string, size: number): void {
  writeFileSync(path, 'start');
  truncateSync(path, size);
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.from('middle'), 0, 6, Math.floor(size / 2) + 12_345);
  closeSync(fd);
}

/** The same on each call: xorshift32. */
export function noise(length: number, seed = 0x9e3779b9): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}
