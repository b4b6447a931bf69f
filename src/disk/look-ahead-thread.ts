/** The module of a thread that looks at a directory from its end. */

import { serveThread } from '../base/index.ts';
import { foreseenShare } from './foreseen.ts';
import type { ForeseenShare } from './foreseen.ts';
import type { LookAheadOrder } from './look-ahead.ts';
import { lookThrough } from './look-through.ts';

serveThread<LookAheadOrder, never, ForeseenShare>(({ directory, state }, post) => {
  const share = foreseenShare(state);
  post(share);
  lookThrough(directory, share);
  return () => undefined;
});
