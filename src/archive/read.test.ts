import { describe, expect, it } from 'vitest';

import type { Path } from '../tree/index.ts';
import { displayPath } from '../tree/index.ts';
import {
  archiveOf,
  directory,
  file,
  hardLink,
  header,
  linesOf,
  pax,
  readBack,
  symlink,
} from './archive.fixture.ts';

describe('entries', () => {
  it('[A6] in any order, with directories that none tells of', async () => {
    const inOrder = await readBack(
      archiveOf(
        directory('./', 0o700),
        directory('a/', 0o700),
        file('a/b', 'b'),
        file('c', 'c'),
        file('d/e/f', 'f'),
      ),
    );
    const shuffled = await readBack(
      archiveOf(
        file('./d//e/f', 'f'),
        file('c', 'c'),
        file('a/./b', 'b'),
        directory('a', 0o700),
        directory('.', 0o700),
      ),
    );
    expect(inOrder.lines).toEqual([
      'directory 700 a',
      'file 644 a/b: b',
      'file 644 c: c',
      'directory 755 d',
      'directory 755 d/e',
      'file 644 d/e/f: f',
    ]);
    expect(shuffled).toMatchObject({ lines: inOrder.lines, digest: inOrder.digest, rootMode: 0o700 });
    expect((await readBack(archiveOf(file('x')))).rootMode).toBe(0o755);
    expect(await linesOf()).toEqual([]);
  });

  it('[A6] the last one of a name counts', async () => {
    expect(await linesOf(file('a', 'one'), file('a', 'two', { mode: 0o600 }))).toEqual(['file 600 a: two']);
    expect(await linesOf(file('a'), symlink('a', 'b'))).toEqual(['symlink 777 a -> b']);
    expect(await linesOf(symlink('a', '/etc'), directory('a'), file('a/b', 'in'))).toEqual([
      'directory 755 a',
      'file 644 a/b: in',
    ]);
    expect(await linesOf(directory('a'), file('a/b', 'in'), directory('a', 0o700))).toEqual([
      'directory 700 a',
      'file 644 a/b: in',
    ]);
    expect(await linesOf(directory('a'), file('a', 'x'))).toEqual(['file 644 a: x']);
    await expect(linesOf(file('a/b'), file('a'))).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('[A7] a hard link is what it names', async () => {
    const made = [file('a', 'one', { mode: 0o600 }), hardLink('b', 'a'), file('a', 'two')];
    expect(await linesOf(...made)).toEqual(['file 644 a: two', 'file 600 b: one']);
    expect(await linesOf(symlink('a', 'x'), hardLink('b', './a'))).toEqual([
      'symlink 777 a -> x',
      'symlink 777 b -> x',
    ]);
  });

  it.each([
    ['nothing', [hardLink('b', 'a'), file('a')]],
    ['a directory', [directory('a'), hardLink('b', 'a')]],
    ['something outside', [hardLink('b', '../a')]],
    ['an absolute path', [hardLink('b', '/etc/passwd')]],
    ['what lies below a symlink', [symlink('a', '/etc'), hardLink('b', 'a/passwd')]],
    ['itself', [hardLink('b', 'b')]],
    ['what may have bytes', [file('a'), { ...hardLink('b', 'a'), content: 'abc' }]],
  ])('[A7] [A8] a hard link to %s is refused', async (_, made) => {
    await expect(linesOf(...made)).rejects.toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('entry b: '),
    });
  });

  it('[A9] what a tree cannot keep is left out, and told', async () => {
    const told: string[] = [];
    const { lines } = await readBack(
      archiveOf(
        { name: 'pipe', type: '6' },
        { name: 'null', type: '3' },
        { name: 'sda', type: '4' },
        file('su', 'x', { mode: 0o4755 }),
        directory('sticky', 0o1777),
        pax({ 'SCHILY.xattr.user.a': 'b' }),
        file('attributes'),
        pax({ 'SCHILY.acl.access': 'user::rw-' }),
        file('acl'),
      ),
      { onLoss: (loss, path) => told.push(`${loss} ${displayPath(path)}`) },
    );
    expect(told).toEqual([
      'fifo pipe',
      'device null',
      'device sda',
      'specialBits su',
      'specialBits sticky',
      'attributes attributes',
      'attributes acl',
    ]);
    expect(lines).toEqual([
      'file 644 acl: x',
      'file 644 attributes: x',
      'directory 777 sticky',
      'file 755 su: x',
    ]);
  });

  it('[A9] and so is each other name of it', async () => {
    const told: string[] = [];
    const onLoss = (loss: string, path: Path) => void told.push(`${loss} ${displayPath(path)}`);
    const made = [
      { name: 'a', type: '6' },
      hardLink('b', './a'),
      hardLink('c', 'b'),
      file('a', 'x'),
      hardLink('d', 'a'),
    ];
    expect((await readBack(archiveOf(...made), { onLoss })).lines).toEqual([
      'file 644 a: x',
      'file 644 d: x',
    ]);
    expect(told).toEqual(['fifo a', 'fifo b', 'fifo c']);
  });

  it('[A4] extended headers of all kinds', async () => {
    const long = `${'d'.repeat(200)}/${'f'.repeat(200)}`;
    const { lines, entries } = await readBack(
      archiveOf(
        pax({ mtime: '1234.5678905', comment: 'of all' }, 'g'),
        pax({ path: long, size: '3' }),
        file('short', 'abc', { size: '00000000000\0' }),
        { name: '././@LongLink', type: 'L', content: `${'l'.repeat(150)}\0` },
        { name: '././@LongLink', type: 'K', content: `${'t'.repeat(150)}\0` },
        pax({ mtime: '-0.5' }),
        symlink('short', 'short'),
        pax({ mtime: '' }),
        file('timed', 'x', { mtime: '00000000012\0' }),
        file('old/', '', { magic: '' }),
        file('gnu', 'x', { magic: 'ustar  \0', prefix: 'no prefix' }),
        file('in', 'x', { prefix: 'behind/prefix' }),
        file('binary', 'x', { size: '\x80\0\0\0\0\0\0\0\0\0\0\x01' }),
        file('contiguous', 'x', { type: '7' }),
        { name: 'a label', type: 'V' },
      ),
    );
    expect(lines).toEqual([
      'directory 755 behind',
      'directory 755 behind/prefix',
      'file 644 behind/prefix/in: x',
      'file 644 binary: x',
      'file 644 contiguous: x',
      `directory 755 ${'d'.repeat(200)}`,
      `file 644 ${long}: abc`,
      'file 644 gnu: x',
      `symlink 777 ${'l'.repeat(150)} -> ${'t'.repeat(150)}`,
      'directory 644 old',
      'file 644 timed: x',
    ]);
    expect(entries.get(long)?.mtime).toBe(1_234_567_891);
    expect(entries.get('l'.repeat(150))?.mtime).toBe(-500_000);
    expect(entries.get('timed')?.mtime).toBe(10_000_000);
  });
});

it('[A4] sums of signed bytes, as old programs have them', async () => {
  const block = Buffer.from(header({ name: '\u00e9', content: '' }));
  const sum = Number.parseInt(block.toString('latin1', 148, 154), 8) - 2 * 256;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  expect(await linesOf(block)).toEqual(['file 644 \u00e9: ']);
});
