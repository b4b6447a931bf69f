/** Paths in messages. */

import { StrataError, isStrataError } from '../base/index.ts';
import { displayPath } from './path.ts';
import type { Path } from './path.ts';

/** Characters of a path in a message. */
const SHOWN = 400;

/** For a message; a very long path loses its middle. */
export function pathText(path: Path): string {
  const text = displayPath(path);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN / 2)}…${text.slice(-SHOWN / 2)}`;
}

/** Names the path that damage or a failed read was found for. */
export function withPath(error: unknown, path: Path): unknown {
  if (!isStrataError(error) || error.code === 'cancelled') return error;
  return new StrataError(error.code, `${error.message} (at ${pathText(path)})`, {
    hint: error.hint,
    details: { ...error.details, paths: [displayPath(path)] },
    cause: error,
  });
}
