/** The modules that threads of this room run: from the sources they are found beside us, from a build a level up. */
export function threadModule(name: 'restore-thread'): URL {
  const { url } = import.meta;
  return new URL(`../disk/${name}.${url.endsWith('.ts') ? 'ts' : 'js'}`, url);
}
