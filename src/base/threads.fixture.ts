/** What the threads of the tests run. */

import { StrataError, serveThread } from './index.ts';

type Order =
  | { readonly kind: 'double'; readonly numbers: Uint8Array; readonly wait: number }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'throw' }
  | { readonly kind: 'die' };

serveThread<number, Order, readonly [number, Uint8Array]>((data, post) => async (order) => {
  switch (order.kind) {
    case 'double': {
      await new Promise((resolve) => setTimeout(resolve, order.wait));
      const doubled = order.numbers.map((each) => each * 2);
      return post([data, doubled], [doubled.buffer]);
    }
    case 'refuse':
      throw new StrataError('disk_full', 'no room', { hint: 'make some', details: { path: 'a' } });
    case 'throw':
      throw new TypeError('a mistake');
    case 'die':
      process.exit(3);
  }
});
