/** Stands between a program and a service: counts what goes over the line, or makes it longer. Bodies pass as they come. */

import { once } from 'node:events';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { operationOf } from '../src/testing/fault.ts';
import type { Operation as Request } from '../src/testing/fault.ts';

/** As the program saw it. */
export interface Traffic {
  readonly requests: Readonly<Record<Request, number>>;
  /** To the service, headers and all. Bytes of connections; TCP's own are not known. */
  readonly up: number;
  readonly down: number;
  /** Milliseconds in which at least one request was under way. */
  readonly busy: number;
}

export function requestsIn({ requests }: Traffic): number {
  return sum(Object.values(requests));
}

export interface Proxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Milliseconds that each request waits before it is passed on, beside all others. */
  latency: number;
  /** What has passed since the last call. It closes all connections: nobody may be using them. */
  take(): Traffic;
}

/** @param target where the service is, as `http://127.0.0.1:7480` */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let agent = new Agent({ keepAlive: true });
  let requests = none();
  let [busy, underWay, since] = [0, 0, 0];

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (underWay++ === 0) since = performance.now();
    try {
      await passOn(request, response);
    } finally {
      if (--underWay === 0) busy += performance.now() - since;
    }
  }

  async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path, rawHeaders: headers } = request;
    requests[operationOf(method!, path!)]++;
    if (proxy.latency > 0) await sleep(proxy.latency);
    // Headers go through as they are: the name of the host is part of what a client signs.
    const outgoing = httpRequest({ hostname, port, method, path, headers, agent });
    const [[incoming]] = (await Promise.all([once(outgoing, 'response'), pipeline(request, outgoing)])) as [
      [IncomingMessage],
      void,
    ];
    response.writeHead(incoming.statusCode!, incoming.rawHeaders);
    await pipeline(incoming, response);
  }

  const server = createServer((request, response) => {
    // As the service would look if it had gone away.
    pass(request, response).catch(() => response.socket?.resetAndDestroy());
  });
  server.on('connection', (socket) => sockets.add(socket));
  // As long as the service leaves them open, and no request is too slow for us.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  // A client that went away is no failure of the proxy.
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    latency: 0,
    take() {
      const up = sum([...sockets].map(({ bytesRead }) => bytesRead));
      const down = sum([...sockets].map(({ bytesWritten }) => bytesWritten));
      const taken = { requests, up, down, busy };
      server.closeAllConnections();
      sockets.clear();
      requests = none();
      busy = 0;
      // The service may have closed what would lie idle until the next command.
      agent.destroy();
      agent = new Agent({ keepAlive: true });
      return taken;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
  return proxy;
}

function none(): Record<Request, number> {
  return { put: 0, get: 0, look: 0, list: 0, delete: 0 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
