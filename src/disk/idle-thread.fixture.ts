/** A thread of a restore that never has anything done. */

import { serveThread } from '../base/index.ts';

serveThread<unknown, unknown, never>(() => () => {});
