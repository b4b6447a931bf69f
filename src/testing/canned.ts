/** A service that gives the answers that a test wants: for what no real one can be brought to say. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Canned extends AsyncDisposable {
  readonly endpoint: string;
  /** What was asked, as `GET /bucket/key`. */
  readonly asked: string[];
}

/** @param answer is called with each request whose body has come */
export async function startCanned(answer: RequestListener): Promise<Canned> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    void drained(request).then(() => answer(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function drained(request: IncomingMessage): Promise<void> {
  request.resume();
  await once(request, 'close').catch(() => undefined);
}
