/** Single parts of Strata and what they stand on, one thread each. A part that got slower shows here before it shows in a save. */

import { createCipheriv, randomBytes } from 'node:crypto';
import { globSync, lstatSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { sha256, systemRandom } from '../src/base/index.ts';
import {
  CUT_SEED_BYTES,
  HEADER_BYTES,
  ID_BYTES,
  ObjectOpener,
  ObjectSealer,
  cutTables,
  keyId,
  nextCut,
} from '../src/chunk/index.ts';
import { STRENGTH_WINDOW } from '../src/chunk/scan-scalar.ts';
import { scanSimd } from '../src/chunk/scan-simd.ts';
import { indexFigures } from './micro-index.ts';
import { mergeFigures } from './micro-merge.ts';
import { noise } from './noise.ts';
import type { Figure } from './results.ts';
import { shell } from './shell.ts';
import { median } from './statistics.ts';

const ROOT = resolve(import.meta.dirname, '..');
const MIB = 1024 * 1024;
const TIMES = 5;
/** Of one measurement. Long enough for a core to reach its speed. Seconds. */
const DURATION = 0.3;
const SMALL = 16 * 1024;

export interface MicroOptions {
  readonly strata: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
  /** How many chunks the index has; a million says most. */
  readonly chunks: number;
}

export async function runMicro(options: MicroOptions): Promise<Figure[]> {
  const groups: readonly (() => Figure[] | Promise<Figure[]>)[] = [
    cutFigures,
    hashFigures,
    blockFigures,
    diskFigures,
    () => indexFigures(options.chunks),
    mergeFigures,
    () => startFigures(options),
  ];
  const figures: Figure[] = [];
  for (const group of groups) {
    options.signal.throwIfAborted();
    for (const figure of await group()) {
      figures.push(figure);
      options.log(
        `  ${figure.name.padEnd(44)} ${figure.value.toPrecision(4)} ${figure.unit}  ${figure.note}`,
      );
    }
    // Lets Ctrl-C in.
    await new Promise(setImmediate);
  }
  return figures;
}

/** Seconds of one call. */
export function secondsOf(call: () => void): number {
  call();
  const times = Array.from({ length: TIMES }, () => {
    const started = performance.now();
    let calls = 0;
    do {
      call();
      calls++;
    } while (performance.now() - started < DURATION * 1000);
    return (performance.now() - started) / 1000 / calls;
  });
  return median(times);
}

function rate(name: string, bytes: number, call: () => void, note = ''): Figure {
  const seconds = secondsOf(call);
  const micros = seconds * 1e6;
  const perCall = `${micros < 100 ? micros.toPrecision(2) : micros.toFixed(0)} µs a call`;
  return {
    name,
    value: bytes / 1e6 / seconds,
    unit: 'MB/s',
    note: [perCall, note].filter(Boolean).join('; '),
  };
}

function cutFigures(): Figure[] {
  const tables = cutTables(noise('tables', CUT_SEED_BYTES));
  const bytes = noise('cut', 16 * MIB);
  const scanAll = () => {
    // All bits of a strength count: of 65,536 candidates next to none cuts.
    if (scanSimd(tables, bytes, STRENGTH_WINDOW, bytes.length, 0) !== -1) throw new Error('a cut by chance');
  };
  const cutAll = () => {
    for (let at = 0; at < bytes.length;) at = nextCut(tables, bytes, at, bytes.length, true);
  };
  return [
    rate('scan noise of 16 MiB for cuts', bytes.length, scanAll),
    rate('cut noise of 16 MiB', bytes.length, cutAll, 'the first 16 KiB of each chunk are not scanned'),
  ];
}

function hashFigures(): Figure[] {
  return [2 * 1024, 64 * 1024, MIB].map((length) => {
    const bytes = noise('hash', length);
    return rate(`SHA-256 of ${length / 1024} KiB`, length, () => sha256(bytes));
  });
}

/** A megabyte of what Strata is used for: declarations in TypeScript, out of a pinned dependency. */
function sources(): Buffer {
  const place = join(ROOT, 'node_modules/@types/node');
  const paths = globSync('**/*.d.ts', { cwd: place }).sort();
  const all = Buffer.concat(paths.map((path) => readFileSync(join(place, path))));
  return all.subarray(0, MIB);
}

function blockFigures(): Figure[] {
  const text = sources();
  const packed = pack(text);
  const unpack = () => zstdDecompressSync(packed, { maxOutputLength: text.length, chunkSize: text.length });
  return [
    rate(
      'zstd -1 of sources, 1 MiB',
      text.length,
      () => pack(text),
      `to ${percent(packed.length, text.length)}`,
    ),
    rate('unzstd of sources, 1 MiB', text.length, unpack),
    ...checkFigures(text),
    ...sealFigures('noise', noise('block', MIB), 'stored as it is'),
  ];
}

function pack(bytes: Uint8Array): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

/** Sealing as it is, and opening. */
function sealFigures(kind: string, plain: Uint8Array, note = ''): [seal: Figure, open: Figure] {
  const secret = randomBytes(32);
  const key = { id: keyId(secret), secret };
  const identity = { type: 'data', tenant: new Uint8Array(ID_BYTES), name: 'bench' } as const;
  const sealer = new ObjectSealer(key, identity, systemRandom);
  const frame = sealer.frame(0, plain);
  const opener = ObjectOpener.open(sealer.header.subarray(0, HEADER_BYTES), identity, () => key);

  return [
    rate(`seal ${kind}, 1 MiB`, plain.length, () => sealer.frame(0, plain), note),
    rate(`open ${kind}, 1 MiB`, plain.length, () => opener.frame(0, frame)),
  ];
}

/** What the check of each compressed block costs: sealing with it beside the same steps without. */
function checkFigures(plain: Uint8Array): Figure[] {
  const secret = randomBytes(32);
  const [seal, open] = sealFigures('sources', plain, 'each block checked');
  const bare = rate(
    'seal sources, 1 MiB, not checked',
    plain.length,
    () => encrypt(secret, pack(plain)),
    'zstd -1 and AES-256-GCM, by themselves',
  );
  const tax: Figure = {
    name: 'the check of each block, sources',
    value: bare.value / seal.value,
    unit: '× the time without',
    note: '',
  };
  return [seal, bare, tax, open];
}

function encrypt(secret: Uint8Array, bytes: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', secret, Buffer.alloc(12));
  return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** What Node can do on this disk, warm: the bound of every walk. */
function diskFigures(): Figure[] {
  const place = join(ROOT, 'node_modules');
  const names = () => readdirSync(place, { recursive: true }).map(String);
  const small = names()
    .map((name) => join(place, name))
    .filter((path) => lstatSync(path).isFile() && statSync(path).size <= SMALL);
  const walked = names().length;
  const walk = secondsOf(() => {
    for (const name of names()) lstatSync(join(place, name));
  });
  const read = secondsOf(() => {
    for (const path of small) readFileSync(path);
  });
  return [
    { name: 'walk and lstat node_modules', value: walked / walk, unit: 'files/s', note: `${walked} of them` },
    {
      name: 'read files up to 16 KiB',
      value: small.length / read,
      unit: 'files/s',
      note: `${small.length} of them`,
    },
  ];
}

/** What a command costs before it does anything. */
async function startFigures({ strata, signal }: MicroOptions): Promise<Figure[]> {
  const time = async (command: string) => {
    const times: number[] = [];
    for (let at = 0; at < 15; at++) {
      const started = performance.now();
      await shell(command, { signal, env: { ...process.env, STRATA: strata, NODE: process.execPath } });
      times.push(performance.now() - started);
    }
    return median(times);
  };
  const node = await time('exec "$NODE" -e 0');
  const version = await time('exec "$STRATA" version');
  const note = `node -e 0: ${node.toFixed(0)} ms, strata version: ${version.toFixed(0)} ms`;
  return [{ name: 'strata version beyond node -e 0', value: version - node, unit: 'ms', note }];
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}
