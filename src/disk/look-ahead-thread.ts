/** The module of a thread that looks at a directory from its end. */

import { serveThread } from '../base/index.ts';
import type { LookAheadOrder } from './look-ahead.ts';
import { lookThrough } from './look-through.ts';

serveThread<LookAheadOrder, never, never>(({ directory, share }) => {
  lookThrough(directory, share);
  return () => undefined;
});
