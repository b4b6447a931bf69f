/** What the threads of the tests run. */

import { StrataError, serveThread } from './index.ts';

type Order =
  | { readonly kind: 'double'; readonly numbers: Uint8Array; readonly wait: number }
  | { readonly kind: 'block'; readonly begun: Int32Array; readonly milliseconds: number }
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
    case 'block':
      Atomics.add(order.begun, 0, 1);
      for (const end = performance.now() + order.milliseconds; performance.now() < end;);
      return void Atomics.store(order.begun, 1, 1);
    case 'refuse':
      throw new StrataError('disk_full', 'no room', { hint: 'make some', details: { path: 'a' } });
    case 'throw':
      throw new TypeError('a mistake');
    case 'die':
      process.exit(3);
  }
});
