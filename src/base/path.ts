/** Paths of files as text. */

/** `path` is `above`, or is inside of it. Both are absolute, without `.` and `..`. */
export function isBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(above === '/' ? above : `${above}/`);
}
