import { describe, expect, it } from 'vitest';

import { collect } from '../testing/home.ts';
import { StrataError } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { extentPages, unpackExtents } from '../tree/index.ts';
import type { FileEntry } from '../tree/index.ts';
import { archiveOf, portions } from './archive.fixture.ts';
import type { Made } from './archive.fixture.ts';
import { Archive, writeArchive } from './index.ts';
import { readPax, readTime, writePax, writeTime } from './pax.ts';

async function treeOf(...made: readonly Made[]) {
  const content = new MemoryContent();
  const root = await (await Archive.open(portions(archiveOf(...made)))).read(content.sink);
  return { content, root };
}

async function* bytesOf({ source }: MemoryContent, file: FileEntry) {
  for await (const page of extentPages(source, file))
    for (const { chunk } of unpackExtents(page)) if (chunk !== undefined) yield await source.chunk(chunk);
}

const FILES: readonly Made[] = [
  { name: 'b/second', content: 'x'.repeat(600) },
  { name: 'a', content: 'first', mode: 0o600 },
  { name: 'b', type: '5', mode: 0o700 },
  { name: 'c', type: '2', link: 'a' },
];

describe('writing', () => {
  it('[A2] gives the same bytes for the same tree, in order, of nobody', async () => {
    const { content, root } = await treeOf(...FILES);
    const write = async () =>
      Buffer.concat(await collect(writeArchive(content.source, (file) => bytesOf(content, file), root)));
    const bytes = await write();
    expect(bytes.equals(await write())).toBe(true);
    const headers = [0, 512, 1536, 2048, 3584].map((at) => bytes.subarray(at, at + 512));
    const text = (header: Buffer, at: number, end: number) =>
      header.toString('latin1', at, end).replace(/\0.*$/s, '');
    expect(headers.map((header) => `${text(header, 156, 157)} ${text(header, 0, 100)}`)).toEqual([
      '5 ./',
      '0 a',
      '5 b/',
      '0 b/second',
      '2 c',
    ]);
    for (const header of headers) {
      expect([text(header, 108, 116), text(header, 116, 124)]).toEqual(['0000000', '0000000']);
      expect(header.subarray(265, 345).every((byte) => byte === 0)).toBe(true);
    }
    expect(bytes.length % 10_240).toBe(0);
    expect(bytes.subarray(4096).every((byte) => byte === 0)).toBe(true);
  });

  it('[A3] ends at damage, and says where', async () => {
    const { content, root } = await treeOf(...FILES);
    const parts: Uint8Array[] = [];
    const write = async (bytes: (file: FileEntry) => AsyncIterable<Uint8Array>) => {
      for await (const part of writeArchive(content.source, bytes, root)) parts.push(part);
    };
    const damaged = async function* (file: FileEntry) {
      if (file.size > 100) throw new StrataError('integrity', 'a chunk is damaged');
      yield* bytesOf(content, file);
    };
    await expect(write(damaged)).rejects.toMatchObject({
      code: 'integrity',
      message: 'a chunk is damaged (at b/second)',
      details: { paths: ['b/second'] },
    });
    const short = async function* (file: FileEntry) {
      for await (const part of bytesOf(content, file)) yield part.subarray(1);
    };
    await expectCode('integrity', write(short));
    expect(parts).toEqual([]);
  });
});

it('[A1] extended headers are read back as they were written', () => {
  for (const length of [0, 1, 88, 89, 90, 91, 92, 984, 985, 986, 987, 9975, 9976, 9977, 9978]) {
    const records = new Map([
      ['path', new Uint8Array(length).fill(0x0a)],
      ['mtime', Buffer.from('1=2 3')],
    ]);
    const read = readPax(writePax(records));
    expect([...(read ?? [])].map(([key, value]) => [key, Buffer.from(value).toString('hex')])).toEqual(
      [...records].map(([key, value]) => [key, Buffer.from(value).toString('hex')]),
    );
  }
});

it.each([
  [0, '0'],
  [1, '0.000001'],
  [-1, '-0.000001'],
  [1_500_000, '1.5'],
  [-1_500_000, '-1.5'],
  [1_700_000_000_123_457, '1700000000.123457'],
  [Number.MAX_SAFE_INTEGER, '9007199254.740991'],
])('[A1] a time of %d is %s', (microseconds, text) => {
  expect(Buffer.from(writeTime(microseconds)).toString()).toBe(text);
  expect(readTime(Buffer.from(text))).toBe(microseconds);
});

it.each([
  ['1.0000005', 1_000_001],
  ['1.00000049', 1_000_000],
  ['1.', 1_000_000],
  ['99999999999999999999', Number.MAX_SAFE_INTEGER],
  ['', undefined],
  ['+1', undefined],
  ['1.0000000000000002e-06', 1],
  ['-0.0', 0],
  ['1e99', Number.MAX_SAFE_INTEGER],
  ['1e9999', undefined],
])('[A12] a time of others, %s', (text, microseconds) => {
  expect(readTime(Buffer.from(text))).toBe(microseconds);
});
