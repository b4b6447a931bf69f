/** Archives made by hand, byte by byte and not by our own writer: what a hostile maker can do, and a careless one. */

import { Archive } from './index.ts';
import type { ReadArchiveOptions } from './index.ts';
import { toHex } from '../base/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { displayPath, extentPages, unpackExtents, walk } from '../tree/index.ts';
import type { Entry } from '../tree/index.ts';

export interface Made {
  readonly name: string | Uint8Array;
  readonly type?: string;
  readonly content?: string | Uint8Array;
  /** As it is told, in octal; default: that of the content. */
  readonly size?: string;
  readonly mode?: number;
  readonly mtime?: string;
  readonly link?: string;
  readonly prefix?: string;
  readonly magic?: string;
}

export function header(made: Made): Buffer {
  const {
    name,
    type = '0',
    content = '',
    mode = 0o644,
    link = '',
    prefix = '',
    magic = 'ustar\x0000',
  } = made;
  const block = Buffer.alloc(512);
  block.set(Buffer.from(name as string), 0);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\x000000000\0', 108);
  block.write(made.size ?? `${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  block.write(made.mtime ?? '00000000000\0', 136, 'latin1');
  block.write(type, 156);
  block.write(link, 157);
  block.write(magic, 257);
  block.write(prefix, 345);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

export function member(made: Made): Buffer {
  const content = Buffer.from((made.content ?? '') as string);
  return Buffer.concat([header(made), content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** Records for what comes next. */
export function pax(records: Readonly<Record<string, string>>, type = 'x'): Made {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest;
    while (length !== rest + String(length).length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return { name: 'pax', type, content: lines.join('') };
}

export const END = Buffer.alloc(1024);

export function archiveOf(...made: readonly (Made | Buffer)[]): Buffer {
  return Buffer.concat([...made.map((each) => (Buffer.isBuffer(each) ? each : member(each))), END]);
}

/** In portions of so many bytes. */
export async function* portions(bytes: Uint8Array, length = 1000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

export interface ReadBack {
  readonly digest: string;
  /** `kind mode path`, with what is in it. */
  readonly lines: readonly string[];
  readonly entries: ReadonlyMap<string, Entry>;
  readonly rootMode: number;
}

export async function readBack(bytes: Uint8Array, options: ReadArchiveOptions = {}): Promise<ReadBack> {
  const content = new MemoryContent();
  const archive = await Archive.open(portions(bytes));
  const root = await archive.read(content.sink, options);
  const lines: string[] = [];
  const entries = new Map<string, Entry>();
  for await (const { path, entry } of walk(content.source, root.tree)) {
    entries.set(displayPath(path), entry);
    const mode = entry.mode.toString(8);
    lines.push(`${entry.kind} ${mode} ${displayPath(path)}${await told(content, entry)}`);
  }
  return { digest: toHex(root.tree.digest), lines, entries, rootMode: root.mode };
}

async function told(content: MemoryContent, entry: Entry): Promise<string> {
  if (entry.kind === 'symlink') return ` -> ${Buffer.from(entry.target).toString()}`;
  if (entry.kind !== 'file') return '';
  const parts: Uint8Array[] = [];
  for await (const page of extentPages(content.source, entry))
    for (const { chunk, length } of unpackExtents(page))
      parts.push(chunk === undefined ? new Uint8Array(length) : await content.source.chunk(chunk));
  return `: ${Buffer.concat(parts).toString()}`;
}

export const file = (name: string, content = 'x', more: Partial<Made> = {}): Made => ({
  name,
  content,
  ...more,
});
export const directory = (name: string, mode = 0o755): Made => ({ name, type: '5', mode });
export const symlink = (name: string, link: string): Made => ({ name, type: '2', link, mode: 0o777 });
export const hardLink = (name: string, link: string): Made => ({ name, type: '1', link });

export const linesOf = async (...made: readonly (Made | Buffer)[]) =>
  (await readBack(archiveOf(...made))).lines;
