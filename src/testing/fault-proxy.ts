/** Stands between a client and a service, and lets go wrong what it is told to. Plain HTTP; it keeps whole messages in memory. */

import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { sequence } from './flaky.ts';
import { operationOf } from './fault.ts';
import type { Fault, FaultRule, Operation } from './fault.ts';

export interface FaultProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** The first that is for the operation decides. */
  rules: readonly FaultRule[];
  /** Milliseconds before a request is passed on: asked for each. */
  latency: () => number;
  /** What waits to be passed on never is: whoever sent it is gone, and it with him. */
  drops: boolean;
  /** Is told of each request when it begins. */
  heard: (operation: Operation) => void;
  /** How often what happened. */
  readonly happened: Map<Fault, number>;
  readonly requests: Map<Operation, number>;
}

interface Message {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** Milliseconds after which a `late` request is passed on. */
export const LATE = 300;
const ERROR_BODY = '<?xml version="1.0"?><Error><Code>InternalError</Code></Error>';

/** @param target where the service is, as `http://127.0.0.1:7480` */
export async function startFaultProxy(target: string, seed = 1): Promise<FaultProxy> {
  const chance = sequence(seed);
  const listings = new Map<string, Message>();
  const met = new Map<FaultRule, number>();

  function faultFor(operation: Operation): Fault | undefined {
    const rule = proxy.rules.find(({ operations }) => operations?.includes(operation) ?? true);
    if (rule === undefined) return undefined;
    met.set(rule, (met.get(rule) ?? 0) + 1);
    if (rule.only !== undefined && rule.only !== met.get(rule)) return undefined;
    if (chance() >= rule.rate) return undefined;
    const fault = rule.faults[Math.floor(chance() * rule.faults.length)];
    if (fault !== undefined) proxy.happened.set(fault, (proxy.happened.get(fault) ?? 0) + 1);
    return fault;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = operationOf(request.method!, request.url!);
    proxy.requests.set(operation, (proxy.requests.get(operation) ?? 0) + 1);
    proxy.heard(operation);
    const fault = faultFor(operation);
    if (fault === 'reset') return reset(response);
    const body = await bodyOf(request, fault === 'reset in request');
    if (fault === 'reset in request') return reset(response);
    const latency = proxy.latency();
    if (latency > 0) await sleep(latency);
    if (proxy.drops) return reset(response);
    switch (fault) {
      case 'stall':
        return;
      case 'status 500':
      case 'status 503':
        return answer(response, plain(Number(fault.slice(-3)), ERROR_BODY));
      case 'error in 200':
        return answer(response, plain(200, ERROR_BODY));
      case 'late':
        if (operation !== 'delete') break;
        setTimeout(() => void pass(target, request, body).catch(() => undefined), LATE);
        return answer(response, plain(204, ''));
      default:
    }
    const got = await pass(target, request, fault === 'corrupt request' ? spoilt(body) : body);
    const listing = operation === 'list' ? (listings.get(request.url!) ?? got) : got;
    if (operation === 'list') listings.set(request.url!, listing);
    switch (fault) {
      case 'lost answer':
        return reset(response);
      case 'done and 500':
        return answer(response, plain(500, ERROR_BODY));
      case 'reset in answer':
        return half(response, got, () => response.socket?.resetAndDestroy());
      case 'stall in answer':
        return half(response, got, () => {});
      case 'truncated':
        return half(response, got, () => response.socket?.end());
      case 'shortened':
        return answer(response, shortened(got));
      case 'corrupt answer':
        return answer(response, { ...got, body: spoilt(got.body) });
      case 'stale list':
        return answer(response, listing);
      default:
        return answer(response, got);
    }
  }

  /** In the middle of a body of some length; one that has none is as good as lost. */
  function half(response: ServerResponse, { status, headers, body }: Message, then: () => void): void {
    if (body.length < 2) return reset(response);
    response.writeHead(status, [...headers]);
    response.write(body.subarray(0, body.length >> 1), then);
  }

  function spoilt(body: Buffer): Buffer {
    if (body.length === 0) return body;
    const other = Buffer.from(body);
    const at = Math.floor(chance() * other.length);
    other[at] = other[at]! ^ (1 << Math.floor(chance() * 8));
    return other;
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => reset(response));
  });
  // A client that went away is no failure of the proxy.
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rules: [],
    latency: () => 0,
    drops: false,
    heard: () => {},
    happened: new Map(),
    requests: new Map(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return proxy;
}

/** Headers go through as they are: the name of the host is part of what a client signs. */
async function pass(target: string, request: IncomingMessage, body: Buffer): Promise<Message> {
  const { port, hostname } = new URL(target);
  const { method, url: path, rawHeaders: headers } = request;
  const outgoing = httpRequest({ hostname, port, method, path, headers, agent: false });
  outgoing.end(body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: incoming.statusCode!, headers: incoming.rawHeaders, body: await bodyOf(incoming, false) };
}

async function bodyOf(message: IncomingMessage, halfOfIt: boolean): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  const half = Number(message.headers['content-length'] ?? 0) / 2;
  for await (const part of message) {
    parts.push(part as Buffer);
    length += (part as Buffer).length;
    if (halfOfIt && length >= half) break;
  }
  return Buffer.concat(parts);
}

function plain(status: number, body: string): Message {
  return {
    status,
    headers: body === '' ? [] : ['content-type', 'application/xml', 'content-length', String(body.length)],
    body: Buffer.from(body),
  };
}

function shortened({ status, headers, body }: Message): Message {
  const shorter = body.subarray(0, -1);
  const length = headers.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === 'content-length');
  return {
    status,
    headers: length < 0 ? headers : headers.with(length + 1, String(shorter.length)),
    body: shorter,
  };
}

function answer(response: ServerResponse, { status, headers, body }: Message): void {
  response.writeHead(status, [...headers]);
  response.end(body);
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
