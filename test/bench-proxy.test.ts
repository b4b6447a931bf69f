/** What the benchmark counts and delays: a figure that is wrong here is wrong in each row. */

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';

import { requestsIn, startProxy } from '../bench/proxy.ts';

describe('the proxy', () => {
  it('counts requests and every byte of both ways, and changes none', async () => {
    await using service = await startEcho();
    await using proxy = await startProxy(service.endpoint);
    const body = randomBytes(3_000_000);
    const put = await ask(`${proxy.endpoint}/bucket/a`, 'PUT', body);
    expect([put.status, put.seen, digest(put.body)]).toEqual([
      200,
      `PUT ${digest(body)}`,
      digest(body.subarray(1_000_000)),
    ]);
    for (const [method, path] of [
      ['HEAD', '/bucket/a'],
      ['GET', '/bucket?list-type=2'],
      ['GET', '/bucket/a'],
      ['DELETE', '/bucket/a'],
    ] as const)
      await ask(`${proxy.endpoint}${path}`, method);
    const traffic = proxy.take();
    expect(traffic.requests).toEqual({ put: 1, get: 1, look: 1, list: 1, delete: 1 });
    expect(requestsIn(traffic)).toBe(5);
    // Headers come on top.
    for (const [bytes, least] of [
      [traffic.up, 3_000_000],
      [traffic.down, 2_000_000],
    ] as const) {
      expect(bytes).toBeGreaterThan(least);
      expect(bytes).toBeLessThan(least + 10_000);
    }
    expect(requestsIn(proxy.take())).toBe(0);
    await ask(`${proxy.endpoint}/bucket/a`, 'GET');
    expect(proxy.take().up).toBeLessThan(1000);
  });

  it('holds back each request, beside the others', async () => {
    await using service = await startEcho();
    await using proxy = await startProxy(service.endpoint);
    proxy.latency = 100;
    const started = performance.now();
    await Promise.all(Array.from({ length: 10 }, () => ask(proxy.endpoint, 'GET')));
    const took = performance.now() - started;
    expect(took).toBeGreaterThan(95);
    expect(took).toBeLessThan(1000);
  });

  it('breaks off where the service does', async () => {
    const service = await startEcho();
    await using proxy = await startProxy(service.endpoint);
    await service[Symbol.asyncDispose]();
    await expect(ask(proxy.endpoint, 'GET')).rejects.toThrow('ECONNRESET');
  });
});

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** On a connection of its own, as another command would. */
async function ask(url: string, method: string, body?: Buffer) {
  const request = httpRequest(url, { method, agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode, seen: response.headers['x-seen'], body: Buffer.concat(parts) };
}

/** Says what it was asked for, and gives back what it was given, without its first million bytes. */
async function startEcho(): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const back = body.subarray(1_000_000);
    response.writeHead(200, { 'x-seen': `${request.method} ${digest(body)}`, 'content-length': back.length });
    response.end(back);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
