/** A thread of a restore that dies at its second order. */

import { serveThread } from '../base/index.ts';

let orders = 0;
serveThread<unknown, unknown, { files: number; bytes: number }>((_, post) => () => {
  if (++orders === 2) process.exit(1);
  post({ files: 0, bytes: 0 });
});
