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
const PAGES = 2;

interface Module {
  readonly memory: Uint8Array;
  readonly scan: (from: number, to: number, shift: number) => number;
  tables: CutTables | undefined;
}

let module: Module | 'unsupported' | undefined;

/** See `Scan`. About 2.5 GB/s; a processor without the instructions gets the scalar one. */
export function scanSimd(
  tables: CutTables,
  bytes: Uint8Array,
  from: number,
  to: number,
  shift: number,
): number {
  module ??= instantiate();
  if (module === 'unsupported') return scanScalar(tables, bytes, from, to, shift);
  if (module.tables !== tables) setTables(module, tables);
  for (let at = from; at < to; at += WINDOW) {
    const end = Math.min(to, at + WINDOW);
    module.memory.set(bytes.subarray(at - STRENGTH_WINDOW, end), BYTES_AT);
    const first = BYTES_AT + STRENGTH_WINDOW;
    const found = module.scan(first, first + end - at, shift);
    if (found !== 0) return at + found - first;
  }
  return -1;
}

function instantiate(): Module | 'unsupported' {
  const code = Buffer.from(SCAN_WASM, 'base64');
  if (!WebAssembly.validate(code)) return 'unsupported';
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
  return {
    memory: new Uint8Array(memory.buffer),
    scan: exports['scan'] as Module['scan'],
    tables: undefined,
  };
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
