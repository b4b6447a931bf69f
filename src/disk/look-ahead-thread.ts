/** The module of a thread that looks at a directory from its end, as long as there is room for what it sees and somebody wants it. */

import { serveThread } from '../base/index.ts';
import { foreseenShare } from './foreseen.ts';
import type { ForeseenShare } from './foreseen.ts';
import { foresee } from './foresee.ts';
import type { LookAheadOrder } from './look-ahead.ts';

serveThread<LookAheadOrder, never, ForeseenShare>(({ directory, state }, post) => {
  const share = foreseenShare(state);
  post(share);
  foresee(directory, share);
  return () => undefined;
});
