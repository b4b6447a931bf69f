import { execFileSync } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { startCanned } from '../testing/canned.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import type { GcsFake } from '../testing/gcs-fake.ts';
import { openGcsStore } from './gcs.ts';
import { CALLS } from './bucket.fixture.ts';
import { isTemporary } from './service-error.ts';
import { collect, names, sealed, text } from './store.contract.ts';
import type { Store } from './store.ts';

describe('GCS store at a fake of the service', () => {
  let fake: GcsFake;
  beforeAll(async () => {
    fake = await startGcsFake();
  });
  beforeEach(() => {
    fake.bucket('bucket');
    fake.refuse = () => undefined;
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  const open = (bucket = 'bucket', prefix = '') => openGcsStore({ bucket, prefix, endpoint: fake.endpoint });

  it('[S32] stores in one bucket do not see each other; foreign names are named', async () => {
    const [one, two] = [open('bucket', 'one/'), open('bucket', 'one/two')];
    await one.put('a', sealed('1'));
    await two.put('a', sealed('2'));
    expect(await names(one)).toEqual(['a', 'two/a']);
    expect(await names(two)).toEqual(['a']);
    const foreign = ['A b+c', 'a/', 'a//c', 'é/ü', '🦊', '\u{ffff}'];
    for (const name of foreign) fake.place('bucket', `one/two/${name}`, utf8('x'));
    expect(await names(two)).toEqual(['a']);
    expect(await collect(two.foreign())).toEqual(
      [...foreign].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  it('[S60] what was damaged on its way is refused, and is no object', async () => {
    await using proxy = await startFaultProxy(fake.endpoint);
    const store = openGcsStore({ bucket: 'bucket', prefix: 'sum', endpoint: proxy.endpoint });
    proxy.rules = [{ faults: ['corrupt request'], rate: 1, operations: ['put'] }];
    const body = 'x'.repeat(3000);
    const created: string[] = [];
    for (let at = 0; at < 20; at++) {
      const answer = await store.put(`a/${at}`, sealed(body)).catch((error: unknown) => error);
      // One that hits what stands around the bytes may make no difference.
      if (answer === 'created') created.push(`a/${at}`);
      else expect(answer).toMatchObject({ code: 'unavailable' });
    }
    expect(created.length).toBeLessThan(5);
    proxy.rules = [];
    for (const name of created) expect(text(await store.get(name))).toBe(body);
    expect((await names(store)).filter((name) => /^a\/\d+$/.test(name))).toEqual(created.sort());
  });

  it.each(Object.keys(CALLS))('[S33] %s: no such bucket', async (call) => {
    const missing = await failureOf(CALLS[call]!(open('nowhere')));
    expect(missing).toMatchObject({ code: 'unavailable', details: { temporary: false } });
    expect(missing.message).toMatch(/GCS bucket nowhere at http.*: there is no such bucket/);
    expect(missing.hint).toContain('storage.gcs.bucket');
  });

  it.each([
    ['put', 401, 'authError', 'refused', false],
    ['get', 401, 'authError', 'refused', false],
    ['put', 403, 'forbidden', 'read_only', false],
    ['delete', 403, 'forbidden', 'read_only', false],
    ['get', 403, 'forbidden', 'unreadable', false],
    ['list', 403, 'forbidden', 'unreadable', false],
    ['list', 403, 'rateLimitExceeded', 'unavailable', true],
    ['put', 429, 'rateLimitExceeded', 'unavailable', true],
    ['put', 503, 'backendError', 'unavailable', true],
    ['get', 403, 'userRateLimitExceeded', 'unavailable', true],
    ['get', 500, 'backendError', 'unavailable', true],
    ['size', 502, 'backendError', 'unavailable', true],
    ['delete', 400, 'invalid', 'unavailable', false],
  ] as const)('[S33] %s that is answered %i %s is %s', async (call, status, reason, code, temporary) => {
    const store = open();
    await store.put('a', sealed('x'));
    fake.refuse = () => ({ status, reason });
    const before = fake.asked.length;
    const error = await failureOf(CALLS[call]!(store));
    expect([error.code, error.details['temporary']]).toEqual([code, temporary]);
    expect(error.message).toContain(reason);
    expect(error.hint).toBeDefined();
    // One call is one request: others try again.
    expect(fake.asked).toHaveLength(before + 1);
  });

  it('[S8] uploads that are given up make nothing, and leave no connection behind', async () => {
    await using other = await startGcsFake();
    other.bucket('bucket');
    const store = openGcsStore({ bucket: 'bucket', endpoint: other.endpoint });
    const controller = new AbortController();
    const { signal } = controller;
    const body = sealed('x'.repeat(50_000_000));
    const puts = [1, 2, 3, 4].map((at) => expectCode('cancelled', store.put(`n/${at}`, body, { signal })));
    while (other.asked.length === 0) await sleep(5);
    controller.abort();
    await Promise.all(puts);
    await sleep(300);
    expect(await other.connections()).toBe(0);
    expect(await names(store)).toEqual([]);
  });

  it('[S36] a read that ends early breaks no other one off', async () => {
    const store = open();
    await store.put('a', sealed('x'.repeat(5_000_000)));
    const reads = await Promise.allSettled(
      Array.from({ length: 30 }, (_, at) => store.get('a', at % 3 === 0 ? { most: 10 } : {})),
    );
    expect(reads.map(({ status }) => status)).toEqual(
      reads.map((_, at) => (at % 3 === 0 ? 'rejected' : 'fulfilled')),
    );
  });
});

describe('GCS store at a service that answers as it is told', () => {
  const at = async (answer: (response: ServerResponse) => void, idle = 5000) => {
    const service = await startCanned((_, response) => answer(response));
    const store = openGcsStore({ bucket: 'b', endpoint: service.endpoint }, { idle });
    return { store, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
  };

  it('[S33] nobody is there, and an endpoint that is none', async () => {
    const error = await failureOf(openGcsStore({ bucket: 'b', endpoint: 'http://127.0.0.1:1' }).get('a'));
    expect(isTemporary(error)).toBe(true);
    for (const endpoint of ['ftp://x', 'nothing'])
      await expectCode('bad_input', openGcsStore({ bucket: 'b', endpoint }).get('a'));
  });

  it('[S35] a service that never answers, or stops in the middle', async () => {
    await using silent = await at(() => {}, 200);
    await using stalling = await at((response) => {
      response.writeHead(200, { 'content-length': '10', etag: '"x"' });
      response.write('half');
    }, 200);
    for (const call of [
      ...Object.values(CALLS),
      (store: Store) => store.foreign()[Symbol.asyncIterator]().next(),
    ]) {
      const error = await failureOf(call(silent.store));
      expect([error.message, isTemporary(error)]).toEqual([
        expect.stringContaining('nothing has moved'),
        true,
      ]);
    }
    expect((await failureOf(stalling.store.get('a'))).message).toContain('nothing has moved');
  });

  it('[S35] an answer that comes after all is nobody’s, and does no harm', async () => {
    await using late = await at((response) => {
      setTimeout(() => response.writeHead(200, { 'content-length': '1', etag: '"x"' }).end('x'), 300);
    }, 100);
    const uncaught: unknown[] = [];
    const listener = (error: unknown) => uncaught.push(error);
    process.on('uncaughtException', listener);
    await Promise.all([1, 2, 3].map(() => failureOf(late.store.get('a'))));
    await sleep(500);
    process.off('uncaughtException', listener);
    expect(uncaught).toEqual([]);
  });

  it('[S36] answers that are not what they say', async () => {
    await using short = await at((response) => {
      response.writeHead(200, { 'content-length': '10', etag: '"x"' });
      response.write('half', () => response.destroy());
    });
    expect(isTemporary(await failureOf(short.store.get('a')))).toBe(true);
    const range = { offset: 2, length: 3 };
    await using whole = await at((response) =>
      response.writeHead(200, { 'content-length': '10', etag: '"x"' }).end('0123456789'),
    );
    expect(isTemporary(await failureOf(whole.store.get('a', { range })))).toBe(true);
    await using huge = await at((response) =>
      response.writeHead(200, { 'content-length': '99999999999999', etag: '"x"' }).flushHeaders(),
    );
    await expectCode('integrity', huge.store.get('a'));
    await using portal = await at((response) =>
      response.setHeader('content-type', 'text/html').end('<html>Log in</html>'),
    );
    for (const call of ['put', 'get', 'size', 'list'])
      expect([call, isTemporary(await failureOf(CALLS[call]!(portal.store)))]).toEqual([call, true]);
  });

  it.each([
    [
      'out of order',
      {
        items: [
          { name: 'b', size: '1' },
          { name: 'a', size: '1' },
        ],
      },
    ],
    ['without a size', { items: [{ name: 'b' }] }],
    ['with the same token again', { items: [], nextPageToken: 'x' }],
  ])('[S36] a listing that is %s is no listing', async (_title, page) => {
    await using there = await at((response) =>
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ kind: 'storage#objects', ...page })),
    );
    expect(isTemporary(await failureOf(names(there.store)))).toBe(true);
  });

  it('[S1] what the fake keeps is what was sent', async () => {
    await using fake = await startGcsFake();
    fake.bucket('b');
    const { Storage } = await import('@google-cloud/storage');
    const bucket = new Storage({ apiEndpoint: fake.endpoint }).bucket('b');
    const bytes = Buffer.from('--boundary\r\n\r\nbytes like those of a frame\r\n--');
    for (const resumable of [true, false]) {
      await bucket.file(`r/${resumable}`).save(bytes, { resumable, validation: false });
      const store = openGcsStore({ bucket: 'b', endpoint: fake.endpoint });
      expect(text(await store.get(`r/${resumable}`))).toBe(bytes.toString());
    }
  });
});

it('[S37] a store that is opened loads no client', () => {
  const script = `
    import { openGcsStore } from ${JSON.stringify(join(import.meta.dirname, 'gcs.ts'))};
    openGcsStore({ bucket: 'b' });
    console.log(process.moduleLoadList.filter((name) => /http|tls/.test(name)).length);`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(Number(said)).toBe(0);
});
