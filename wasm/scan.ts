// The scan for cutting candidates, 16 positions at a time: AssemblyScript, built by scripts/build-wasm. The rule is docs/design.md 2;
// src/chunk/scan-scalar.ts says the same in TypeScript and is what this is held against.
//
// Memory: the tables `low` at 0, `high` at 16, `add` at 32, `mul` at 64; from 128 on whatever is scanned.

const ADD: usize = 32;
const MUL: usize = 64;
const STRENGTH_WINDOW: usize = 32;
const CANDIDATE: i8 = 0x1b;

/** The first position in [from, to) that cuts, or 0. 32 bytes before `from` and 15 after `to` are readable. */
export function scan(from: usize, to: usize, shift: u32): usize {
  const low = v128.load(0);
  const high = v128.load(16);
  const wanted = i8x16.splat(CANDIDATE);
  const zero = i8x16.splat(0);

  // g of eight bytes is made in three steps, of two, four and eight. Each step needs the one before it at earlier positions, so
  // the vector in front of the first is made too; its own first lanes are wrong, and nothing looks at them.
  let mapped = map(v128.load(from - 17), low, high);
  let pairs = v128.xor(mapped, rotate1(after1(zero, mapped)));
  let quads = v128.xor(pairs, rotate2(after2(zero, pairs)));

  for (let at = from; at < to; at += 16) {
    const nextMapped = map(v128.load(at - 1), low, high);
    const nextPairs = v128.xor(nextMapped, rotate1(after1(mapped, nextMapped)));
    const nextQuads = v128.xor(nextPairs, rotate2(after2(pairs, nextPairs)));
    const sums = v128.xor(nextQuads, rotate4(after4(quads, nextQuads)));
    let hits = i8x16.bitmask(i8x16.eq(sums, wanted));
    while (hits != 0) {
      const position = at + ctz(hits);
      if (position >= to) return 0;
      if (strength(position) >>> shift == 0) return position;
      hits &= hits - 1;
    }
    mapped = nextMapped;
    pairs = nextPairs;
    quads = nextQuads;
  }
  return 0;
}

/** `low[b & 15] ^ high[b >> 4]` of 16 bytes. */
// @ts-ignore: decorator
@inline
function map(bytes: v128, low: v128, high: v128): v128 {
  const nibble = i8x16.splat(15);
  // No index is over 15, so the relaxed form, which is one instruction, is exact.
  return v128.xor(
    i8x16.relaxed_swizzle(low, v128.and(bytes, nibble)),
    i8x16.relaxed_swizzle(high, v128.and(i16x8.shr_u(bytes, 4), nibble)),
  );
}

// Processors shift words and not bytes: what comes over from the neighbour is masked away.

// @ts-ignore: decorator
@inline
function rotate1(bytes: v128): v128 {
  // Twice the byte, and one more where its top bit was set: there the comparison is -1.
  return i8x16.sub(i8x16.add(bytes, bytes), i8x16.lt_s(bytes, i8x16.splat(0)));
}

// @ts-ignore: decorator
@inline
function rotate2(bytes: v128): v128 {
  return v128.or(
    v128.and(i16x8.shl(bytes, 2), i8x16.splat(<i8>0xfc)),
    v128.and(i16x8.shr_u(bytes, 6), i8x16.splat(0x03)),
  );
}

// @ts-ignore: decorator
@inline
function rotate4(bytes: v128): v128 {
  return v128.or(
    v128.and(i16x8.shl(bytes, 4), i8x16.splat(<i8>0xf0)),
    v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(0x0f)),
  );
}

// The lanes of `next`, each one (two, four) positions later: the last ones of `before` move in.

// @ts-ignore: decorator
@inline
function after1(before: v128, next: v128): v128 {
  return i8x16.shuffle(before, next, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

// @ts-ignore: decorator
@inline
function after2(before: v128, next: v128): v128 {
  return i8x16.shuffle(before, next, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29);
}

// @ts-ignore: decorator
@inline
function after4(before: v128, next: v128): v128 {
  return i8x16.shuffle(before, next, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
}

function strength(end: usize): u32 {
  let hash: u32 = 0;
  const start = end - STRENGTH_WINDOW;
  for (let at: usize = 0; at < STRENGTH_WINDOW; at += 4) {
    hash += (load<u32>(start + at) + load<u32>(ADD + at)) * load<u32>(MUL + at);
  }
  hash ^= hash >>> 15;
  hash *= 0x2c1b3c6d;
  return hash ^ (hash >>> 12);
}
