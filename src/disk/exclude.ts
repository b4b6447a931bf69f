/** Which paths a save leaves out, by patterns. */

import { StrataError } from '../base/index.ts';

/** @param path names joined with `/`, relative to the root, decoded as UTF-8 */
export type Exclude = (path: string) => boolean;

const OPTIONS = { dot: true, nonegate: true, noextglob: true, strictBrackets: true } as const;

/**
 * `*` and `?` stay within a name, `**` crosses directories, `{a,b}` and `[a-z]` are alternatives; a leading dot is a character
 * like any other. A directory that matches is left out with all that is in it.
 *
 * @throws bad_input
 */
export async function excludeBy(patterns: readonly string[]): Promise<Exclude | undefined> {
  if (patterns.length === 0) return undefined;
  const { default: picomatch } = await import('picomatch');
  const matchers = patterns.map((pattern) => {
    const relative = pattern.replace(/^\.?\/+/, '').replace(/\/+$/, '');
    try {
      // A line break is a character like any other, too.
      return picomatch(relative, { ...OPTIONS, flags: 's' });
    } catch (error) {
      throw new StrataError('bad_input', `the pattern ${JSON.stringify(pattern)} cannot be read`, {
        hint: 'Patterns are paths relative to the directory, like node_modules/** or **/*.log',
        cause: error,
      });
    }
  });
  return (path) => matchers.some((matches) => matches(path));
}
