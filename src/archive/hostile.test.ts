import { describe, expect, it } from 'vitest';

import { sha256 } from '../base/index.ts';
import { CUT_SEED_BYTES, cutTables } from '../chunk/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import {
  END,
  archiveOf,
  directory,
  file,
  header,
  linesOf,
  member,
  pax,
  portions,
  readBack,
  symlink,
} from './archive.fixture.ts';
import type { Made } from './archive.fixture.ts';
import { Archive } from './index.ts';

describe('what is refused', () => {
  const nul = pax({ path: 'a\0b' });
  it.each([
    ['an absolute name', [file('/etc/passwd')], '/etc/passwd', 'absolute'],
    ['an absolute name in an extended header', [pax({ path: '/etc/x' }), file('x')], '/etc/x', 'absolute'],
    ['..', [file('../x')], '../x', 'leads out'],
    ['.. inside', [file('a/../../x')], 'a/../../x', 'leads out'],
    ['.. at the end', [directory('a/..')], 'a/..', 'leads out'],
    ['.. of a FIFO', [{ name: '../pipe', type: '6' }], '../pipe', 'leads out'],
    ['an empty name', [file('')], '""', 'empty'],
    ['a file as the root', [file('.')], '.', 'root'],
    ['NUL', [nul, file('x')], String.raw`a\x00b`, 'NUL'],
    ['a long name', [pax({ path: 'n'.repeat(256) }), file('x')], 'nnn', '255'],
    ['what lies below a symlink', [symlink('a', '/etc'), file('a/passwd')], 'a/passwd', 'a symlink'],
    [
      'what lies below a deeper symlink',
      [symlink('d/a', '..'), file('d/a/b/c')],
      'd/a/b/c',
      'd/a, which is a symlink',
    ],
    ['what lies below a file', [file('a'), file('a/b')], 'a/b', 'a file'],
    ['a directory below a file', [file('a'), directory('a/b')], 'a/b', 'a file'],
    ['a symlink to nothing', [symlink('a', '')], 'a', '0 bytes'],
  ] as readonly (readonly [string, readonly Made[], string, string])[])(
    '[A8] %s',
    async (_, made, entry, reason) => {
      await expect(linesOf(file('before'), ...made)).rejects.toMatchObject({
        code: 'bad_input',
        message: expect.stringContaining(`entry ${entry}`),
        hint: expect.stringContaining('Nothing was saved'),
      });
      await expect(linesOf(file('before'), ...made)).rejects.toThrow(reason);
    },
  );

  it.each([
    ['an old sparse file', [file('a', 'x', { type: 'S' })], 'entry a'],
    [
      'a new sparse file',
      [pax({ 'GNU.sparse.major': '1', 'GNU.sparse.name': 'real' }), file('a')],
      'entry real',
    ],
    ['an unknown type', [file('a', 'x', { type: 'Z' })], 'unknown type, "Z"'],
    ['a part of a file', [file('a', 'x', { type: 'M' })], 'unknown type, "M"'],
    ['a size that is no number', [pax({ size: '1e3' }), file('a')], 'size'],
    ['a size beyond numbers', [pax({ size: '9007199254740992' }), file('a')], 'size'],
    [
      'a negative size',
      [file('a', '', { size: '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff' })],
      'header',
    ],
    ['a size in letters', [file('a', '', { size: '0000000000z\0' })], 'header'],
    ['a time that is no number', [pax({ mtime: 'now' }), file('a')], 'time'],
    [
      'an extended header of 1 TB',
      [{ name: 'x', type: 'x', size: '\x80\0\0\0\0\0\x01\0\0\0\0\0' }],
      'extended header',
    ],
    [
      'records that do not add up',
      [{ name: 'x', type: 'x', content: '99 path=a\n' }, file('a')],
      'extended header',
    ],
    ['records without a name', [{ name: 'x', type: 'x', content: '5 ab\n' }, file('a')], 'extended header'],
    ['a deep path', [pax({ path: 'd/'.repeat(8193) }), directory('d')], 'deeper than 8192'],
  ] as readonly (readonly [string, readonly Made[], string])[])('[A12] %s', async (_, made, text) => {
    await expect(linesOf(file('before'), ...made)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(text),
    });
  });

  it('[A12] a path of 8192 names is none', async () => {
    const bytes = archiveOf(pax({ path: `${'d/'.repeat(8191)}f` }), file('f'));
    const { tree } = await (await Archive.open(portions(bytes))).read(new MemoryContent().sink);
    expect(tree.summary).toEqual({ files: 1, directories: 8191, symlinks: 0, bytes: 1 });
  });

  it('[A10] an archive that is cut off anywhere', async () => {
    const whole = archiveOf(pax({ mtime: '1.5' }), file('a', 'a'.repeat(700)), directory('b'), file('b/c'));
    for (let length = 0; length < whole.length - 512; length += 128)
      await expectCode('bad_input', readBack(whole.subarray(0, length)));
    // One block of zeros at the end is what some leave; more than two are usual.
    await readBack(whole.subarray(0, -512));
    await readBack(Buffer.concat([whole, Buffer.alloc(20_000)]));
    await expectCode(
      'bad_input',
      readBack(Buffer.concat([member(file('a')), END.subarray(512), member(file('b')), END])),
    );
  });

  it('[A10] a damaged header', async () => {
    const whole = archiveOf(file('a', 'first'), file('b', 'second'));
    for (let at = 1024; at < 1536; at++) {
      // The last byte of the sum means nothing.
      if (at === 1024 + 155) continue;
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      await expectCode('bad_input', readBack(damaged));
    }
  });

  it.each([
    ['gzip', '\x1f\x8b\x08', 'gzip -dc'],
    ['zstd', '\x28\xb5\x2f\xfd', 'zstd -dc'],
    ['xz', '\xfd7zXZ\0', 'xz -dc'],
    ['bzip2', 'BZh9', 'bzip2 -dc'],
    ['lz4', '\x04\x22\x4d\x18', 'lz4 -dc'],
  ])('[A11] an archive in %s', async (name, start, command) => {
    await expect(
      Archive.open(portions(Buffer.from(start.padEnd(2000, 'z'), 'latin1'))),
    ).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining(name),
      hint: expect.stringContaining(command),
    });
  });

  it.each([
    ['nothing', ''],
    ['a word', 'hello'],
    ['text', 'some text\n'.repeat(1000)],
  ])('[A11] what is no archive: %s', async (_, text) => {
    await expectCode('bad_input', Archive.open(portions(Buffer.from(text))));
  });
});

const idOf = sha256(Buffer.from('any'));

it('[A12] holds no content, however long a file is', async () => {
  const size = 200 * 1024 * 1024;
  const part = Buffer.alloc(1024 * 1024, 'not a hole ');
  async function* parts() {
    yield header({ name: 'long', size: `${size.toString(8).padStart(11, '0')}\0` });
    for (let at = 0; at < size; at += part.length) yield part;
    yield END;
  }
  const tables = cutTables(new Uint8Array(CUT_SEED_BYTES).fill(7));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let bytes = 0;
  const sink = {
    cutTables: tables,
    node: () => idOf,
    chunk: (chunk: Uint8Array) => ((bytes += chunk.length), idOf),
    drain: async () => void (most = Math.max(most, process.memoryUsage().arrayBuffers)),
  };
  const { tree } = await (await Archive.open(parts())).read(sink);
  expect([tree.summary.bytes, bytes]).toEqual([size, size]);
  expect(most - before).toBeLessThan(40 * 1024 * 1024);
});

it('[A13] ends with its signal', async () => {
  const bytes = archiveOf(...Array.from({ length: 600 }, (_, at) => file(`f${at}`)));
  await expectCode('cancelled', readBack(bytes, { signal: AbortSignal.abort() }));
  const stop = new AbortController();
  await expectCode('cancelled', readBack(bytes, { signal: stop.signal, onProgress: () => stop.abort() }));
});
