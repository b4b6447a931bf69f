/** The scan for cutting candidates, 16 positions at a time, as WebAssembly: wasm/scan.ts. */

import type { CutTables } from './cut.ts';
import { STRENGTH_WINDOW, scanScalar } from './scan-scalar.ts';
import { SCAN_WASM } from './scan-wasm.ts';

/** The part of the global that is used here: TypeScript has it only together with a browser's. */
declare const WebAssembly: {
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** Bytes that are copied into the module's memory at a time: most scans end in the first of these, and it fits the L2 cache. */
const WINDOW = 64 * 1024;

/** Where the module expects things. */
const TABLES_AT = { low: 0, high: 16, add: 32, mul: 64 } as const;
const BYTES_AT = 128;
/** Bytes behind those that are scanned: it looks at 16 at a time. */
const BEYOND = 64;
const PAGE = 64 * 1024;
/** The fewest that it declares to need. */
const LEAST_PAGES = 2;

interface Module {
  readonly memory: Uint8Array;
  readonly scan: (from: number, to: number, shift: number) => number;
  tables: CutTables | undefined;
}

/** The code, compiled once; undefined where a processor, or Node, does not have the instructions. */
let code: object | 'unsupported' | undefined;

/** For bytes that lie elsewhere. */
let shared: Module | undefined;

/** By the memory that `scanBuffer` gave away. */
const own = new WeakMap<ArrayBufferLike, Module>();

/** Memory in which bytes are scanned without being copied first. */
export function scanBuffer(length: number): Uint8Array {
  const module = instantiate(length);
  if (module === undefined) return new Uint8Array(length);
  own.set(module.memory.buffer, module);
  return module.memory.subarray(BYTES_AT, BYTES_AT + length);
}

/** See `Scan`. About 2 GB/s; a processor without the instructions gets the scalar one. */
export function scanSimd(
  tables: CutTables,
  bytes: Uint8Array,
  from: number,
  to: number,
  shift: number,
): number {
  const module = own.get(bytes.buffer) ?? (shared ??= instantiate(WINDOW + STRENGTH_WINDOW));
  if (module === undefined) return scanScalar(tables, bytes, from, to, shift);
  if (module.tables !== tables) setTables(module, tables);
  return module === shared
    ? scanCopy(module, bytes, from, to, shift)
    : scanPlace(module, bytes, from, to, shift);
}

function scanPlace({ scan }: Module, bytes: Uint8Array, from: number, to: number, shift: number): number {
  if (from >= to) return -1;
  const found = scan(bytes.byteOffset + from, bytes.byteOffset + to, shift);
  return found === 0 ? -1 : found - bytes.byteOffset;
}

function scanCopy(module: Module, bytes: Uint8Array, from: number, to: number, shift: number): number {
  for (let at = from; at < to; at += WINDOW) {
    const end = Math.min(to, at + WINDOW);
    module.memory.set(bytes.subarray(at - STRENGTH_WINDOW, end), BYTES_AT);
    const first = BYTES_AT + STRENGTH_WINDOW;
    const found = module.scan(first, first + end - at, shift);
    if (found !== 0) return at + found - first;
  }
  return -1;
}

/** @param length bytes that it has room for @returns undefined where it cannot run */
function instantiate(length: number): Module | undefined {
  code ??= compile();
  if (code === 'unsupported') return undefined;
  const pages = Math.ceil((BYTES_AT + length + BEYOND) / PAGE);
  const memory = new WebAssembly.Memory({ initial: Math.max(LEAST_PAGES, pages) });
  const { exports } = new WebAssembly.Instance(code, { env: { memory } });
  return {
    memory: new Uint8Array(memory.buffer),
    scan: exports['scan'] as Module['scan'],
    tables: undefined,
  };
}

function compile(): object | 'unsupported' {
  const bytes = Buffer.from(SCAN_WASM, 'base64');
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : 'unsupported';
}

function setTables(to: Module, tables: CutTables): void {
  to.memory.set(tables.low, TABLES_AT.low);
  to.memory.set(tables.high, TABLES_AT.high);
  // WebAssembly is little-endian, and so is every machine that Node runs on but one.
  const words = new DataView(to.memory.buffer);
  tables.add.forEach((word, at) => words.setInt32(TABLES_AT.add + at * 4, word, true));
  tables.mul.forEach((word, at) => words.setInt32(TABLES_AT.mul + at * 4, word, true));
  to.tables = tables;
}
