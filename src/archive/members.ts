/** Reads an archive, member by member: ustar, pax and GNU, as others write them. Whoever made it may be hostile. */

import { EMPTY } from '../base/index.ts';
import { BLOCK, isZeroBlock, paddingOf } from './block.ts';
import type { ByteSource } from './byte-source.ts';
import { readHeader } from './header.ts';
import type { Header } from './header.ts';
import type { Member } from './member.ts';
import { readPax, readSize, readTime } from './pax.ts';
import type { PaxRecords } from './pax.ts';
import { cutOff, damagedArchive, nameText, refusal } from './refusal.ts';

/** An extended header has names, targets and times: what is longer is an attack. Bytes; a path of 8192 names is half as long. */
const MAX_NOTES = 4 * 1024 * 1024;

/** The largest part of a file that is given out at once. Bytes. */
const PART = 1024 * 1024;

const SLASH = 0x2f;

/** Extended headers: what they say goes for the member that comes next, or for all that come. */
const NOTE_TYPES: ReadonlySet<string> = new Set(['x', 'X', 'g', 'L', 'K', 'V']);

const KINDS: Readonly<Record<string, Member['kind']>> = {
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'fifo',
  // What GNU tar writes for incremental backups: the names in it follow.
  D: 'directory',
};

const ATTRIBUTES = /^(?:SCHILY\.(?:xattr|acl)|LIBARCHIVE\.xattr|RHT\.security)\./;

interface Notes {
  pax: PaxRecords;
  name: Uint8Array | undefined;
  link: Uint8Array | undefined;
}

/** @throws bad_input for what is damaged, cut off, or of a kind that cannot be read; whatever the source throws */
export async function* readMembers(source: ByteSource): AsyncGenerator<Member, void> {
  let shared: PaxRecords = new Map();
  let notes: Notes = { pax: new Map(), name: undefined, link: undefined };
  for (let header = await nextHeader(source); header !== undefined; header = await nextHeader(source)) {
    if (NOTE_TYPES.has(header.type)) {
      const bytes = await readNotes(source, header);
      if (header.type === 'g') shared = new Map([...shared, ...paxOf(source, bytes)]);
      else if (header.type === 'x' || header.type === 'X') notes.pax = paxOf(source, bytes);
      else if (header.type === 'L') notes.name = untilNul(bytes);
      else if (header.type === 'K') notes.link = untilNul(bytes);
      continue;
    }
    const all = new Map([...shared, ...notes.pax]);
    const body = { left: 0 };
    const member = memberOf(source, header, { ...notes, pax: all }, body);
    const { left } = body;
    yield member;
    const rest = body.left + paddingOf(left);
    if ((await source.skip(rest)) < rest) throw cutOff(source.position);
    notes = { pax: new Map(), name: undefined, link: undefined };
  }
}

/** @returns undefined at the end mark, two blocks of zeros; nothing after it counts */
async function nextHeader(source: ByteSource): Promise<Header | undefined> {
  const at = source.position;
  const block = await source.take(BLOCK);
  // Without its end mark an archive may have lost any number of members.
  if (block.length < BLOCK) throw cutOff(source.position);
  if (isZeroBlock(block)) {
    const second = await source.take(BLOCK);
    if (second.length > 0 && !isZeroBlock(second))
      throw damagedArchive(at, 'a block of zeros stands where a header should');
    // Whoever writes into a pipe must be able to write all of it.
    await source.skip(Infinity);
    return undefined;
  }
  const header = readHeader(block);
  if (header === undefined) throw damagedArchive(at, 'there is no header where one should be');
  return header;
}

async function readNotes(source: ByteSource, { size, type }: Header): Promise<Uint8Array> {
  if (size > MAX_NOTES)
    throw damagedArchive(source.position, `an extended header of ${size} bytes is longer than any name`);
  // A label has no meaning, and no bytes.
  const bytes = await source.take(type === 'V' ? 0 : size);
  const padding = paddingOf(bytes.length);
  if (bytes.length < (type === 'V' ? 0 : size) || (await source.skip(padding)) < padding)
    throw cutOff(source.position);
  return bytes;
}

function paxOf(source: ByteSource, bytes: Uint8Array): PaxRecords {
  const records = readPax(bytes);
  if (records === undefined) throw damagedArchive(source.position, 'an extended header cannot be read');
  return records;
}

/** @param body is told how much of the member follows, and counts down what is taken of it */
function memberOf(source: ByteSource, header: Header, notes: Notes, body: { left: number }): Member {
  const { pax } = notes;
  const name = given(pax.get('path')) ?? notes.name ?? header.name;
  const target = given(pax.get('linkpath')) ?? notes.link ?? header.link;
  if (header.type === 'S' || [...pax.keys()].some((key) => key.startsWith('GNU.sparse.')))
    throw refusal(
      given(pax.get('GNU.sparse.name')) ?? name,
      'it is stored as a sparse file, in a form that is not read',
      'Nothing was saved. Make the archive without --sparse: runs of zeros are found all the same.',
    );
  const known = KINDS[header.type];
  if (known === undefined) throw refusal(name, `it is of an unknown type, ${JSON.stringify(header.type)}`);
  // Before there was a type for directories, they were files whose names end so.
  const kind = header.type === '0' && name.at(-1) === SLASH ? 'directory' : known;
  const size = sizeOf(name, header, pax);
  // Others write sizes of things that have no bytes, and nothing follows.
  body.left = known === 'file' || header.type === 'D' ? size : 0;
  if (kind === 'link' && size > 0)
    throw refusal(name, 'it is a link that may have bytes of its own, or not: readers do not agree on it');
  return {
    kind,
    name,
    mode: header.mode,
    mtime: timeOf(name, header, pax),
    size: kind === 'file' ? size : 0,
    target,
    hasAttributes: [...pax.keys()].some((key) => ATTRIBUTES.test(key)),
    content: () => contentOf(source, body),
  };
}

async function* contentOf(source: ByteSource, body: { left: number }): AsyncGenerator<Uint8Array, void> {
  while (body.left > 0) {
    const part = await source.some(Math.min(body.left, PART));
    if (part.length === 0) throw cutOff(source.position);
    body.left -= part.length;
    yield part;
  }
}

function sizeOf(name: Uint8Array, header: Header, pax: PaxRecords): number {
  const value = given(pax.get('size'));
  const size = value === undefined ? header.size : readSize(value);
  if (size === undefined) throw refusal(name, `its size is no number of bytes: ${nameText(value ?? EMPTY)}`);
  return size;
}

function timeOf(name: Uint8Array, header: Header, pax: PaxRecords): number {
  const value = given(pax.get('mtime'));
  if (value !== undefined) {
    const time = readTime(value);
    if (time === undefined) throw refusal(name, `its time is no number of seconds: ${nameText(value)}`);
    return time;
  }
  const time = header.seconds * 1e6;
  return Number.isSafeInteger(time) ? time : Math.sign(time) * Number.MAX_SAFE_INTEGER;
}

/** An empty value takes back what was said for all members. */
function given(value: Uint8Array | undefined): Uint8Array | undefined {
  return value?.length === 0 ? undefined : value;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}
