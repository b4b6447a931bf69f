/** Where the modules of this room's threads are. */

/** The sources and the build lie equally deep, whichever file of the build this code ended up in. */
export function threadModule(name: 'save-thread' | 'restore-thread' | 'look-ahead-thread'): URL {
  return new URL(`../disk/${name}.${import.meta.url.endsWith('.ts') ? 'ts' : 'cjs'}`, import.meta.url);
}
