import { closeSync, openSync } from 'node:fs';

/** A descriptor for as long as it is used. */
export function opened(path: string): Disposable & { readonly fd: number } {
  const fd = openSync(path, 'r');
  return { fd, [Symbol.dispose]: () => closeSync(fd) };
}
