/** What the outside world gives, taken as arguments so that a test can hold it still. */

/** Wall-clock time in milliseconds since 1970. It never decides safety; fences do. */
export type Clock = () => number;

/**
 * Milliseconds that have passed since the boot, whatever the wall clock was set to. Two readings can be held against each other if they are
 * of one boot, and the later one is not the smaller: a container may have a count of its own.
 */
export type MonotonicClock = () => { readonly boot: string; readonly milliseconds: number };

/** Fresh unpredictable bytes. */
export type Random = (count: number) => Uint8Array;

export const systemClock: Clock = () => Date.now();

/** Loads crypto when it is called, as `sha256` does. */
export const systemRandom: Random = (count) =>
  Uint8Array.from(process.getBuiltinModule('node:crypto').randomBytes(count));
