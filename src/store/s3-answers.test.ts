import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';

import { startCanned } from '../testing/canned.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { openS3Store } from './s3.ts';
import { CALLS, CREDENTIALS } from './bucket.fixture.ts';
import { isTemporary } from './service-error.ts';
import { names, sealed, text } from './store.contract.ts';

/** What Amazon says and no service here does. */
const ANSWERS: readonly (readonly [
  title: string,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
  expected: { readonly code: string; readonly hint: RegExp; readonly temporary?: boolean },
])[] = [
  [
    '[S33] another region',
    301,
    '<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>',
    { 'x-amz-bucket-region': 'eu-west-1' },
    { code: 'bad_input', hint: /^Set `storage.s3.region: eu-west-1`/ },
  ],
  [
    '[S33] a signature for another region',
    400,
    '<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>',
    {},
    { code: 'bad_input', hint: /storage.s3.region: eu-west-1/ },
  ],
  [
    '[S33] expired credentials',
    400,
    '<Error><Code>ExpiredToken</Code></Error>',
    {},
    { code: 'refused', hint: /AWS_ACCESS_KEY_ID/ },
  ],
  [
    '[S33] too busy',
    503,
    '<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>',
    {},
    { code: 'unavailable', hint: /Check the network/, temporary: true },
  ],
  ['[S33] broken inside', 500, '', {}, { code: 'unavailable', hint: /Check the network/, temporary: true }],
  [
    '[S33] a page of something else',
    200,
    '<html>Please log in</html>',
    { 'content-type': 'text/html', 'content-length': '26' },
    { code: 'unavailable', hint: /Check the network/, temporary: true },
  ],
];

describe('S3 store at a service that answers as it is told', () => {
  const at = async (answer: (response: ServerResponse) => void, idle?: number) => {
    const service = await startCanned((_, response) => answer(response));
    const { endpoint } = service;
    const store = openS3Store(
      { bucket: 'b', endpoint, credentials: CREDENTIALS },
      { ...(idle !== undefined && { idle }) },
    );
    return { service, store, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
  };

  it.each(ANSWERS)('%s', async (_title, status, body, headers, { code, hint, temporary = false }) => {
    await using there = await at((response) => response.writeHead(status, headers).end(body));
    for (const call of ['put', 'get', 'list']) {
      const error = await failureOf(CALLS[call]!(there.store));
      expect([call, error.code, error.details['temporary']]).toEqual([call, code, temporary]);
      expect(error.hint).toMatch(hint);
    }
  });

  it('[S36] a line that is none of HTTP', async () => {
    await using there = await at((response) => response.socket!.end('HTTP/1.1 what is this\r\n\r\n'));
    for (const call of ['put', 'get', 'list']) {
      const error = await failureOf(CALLS[call]!(there.store));
      expect([call, error.code, isTemporary(error)]).toEqual([call, 'unavailable', true]);
    }
  });

  it('[S33] what may not be done', async () => {
    const body = '<Error><Code>AccessDenied</Code></Error>';
    await using there = await at((response) => response.writeHead(403).end(body));
    for (const [call, code] of [
      ['put', 'read_only'],
      ['delete', 'read_only'],
      ['get', 'unreadable'],
      ['size', 'unreadable'],
      ['list', 'unreadable'],
    ] as const)
      expect((await failureOf(CALLS[call]!(there.store))).code).toBe(code);
  });

  it('[S33] a size is one request, whatever comes of it: one whose refusal says why', async () => {
    for (const status of [500, 403, 404]) {
      await using there = await at((response) => response.writeHead(status).end());
      await failureOf(there.store.size('a'));
      expect(there.service.asked).toEqual([expect.stringMatching(/^GET /)]);
    }
  });

  it('[S35] a service that never answers, and one that stops in the middle', async () => {
    await using silent = await at(() => {}, 200);
    await using stalling = await at((response) => {
      response.writeHead(200, { 'content-length': '10', etag: '"x"' });
      response.write('half');
    }, 200);
    for (const { store } of [silent, stalling]) {
      const error = await failureOf(store.get('a'));
      expect(error.message).toMatch(/nothing has moved for/);
      expect(isTemporary(error)).toBe(true);
    }
    await failureOf(silent.store.put('a', sealed('x')));
    await failureOf(names(silent.store));
  });

  it('[S35] one that is slow is waited for', async () => {
    await using slow = await at((response) => {
      response.writeHead(200, { 'content-length': '10', etag: '"x"' });
      let sent = 0;
      const timer = setInterval(() => {
        response.write('x');
        if (++sent === 10) clearInterval(timer);
      }, 100);
    }, 400);
    expect(text(await slow.store.get('a'))).toBe('xxxxxxxxxx');
  });

  it('[S35] one that goes on, and never comes to an end, is given up', async () => {
    await using drip = await startCanned((_, response) => {
      response.writeHead(200, { 'content-length': '1000', etag: '"x"' });
      const timer = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(timer));
    });
    const place = { bucket: 'b', endpoint: drip.endpoint, credentials: CREDENTIALS };
    const error = await failureOf(openS3Store(place, { idle: 5000, deadline: 500 }).get('a'));
    expect([error.message, isTemporary(error)]).toEqual([expect.stringContaining('longer than 0.5 s'), true]);
  });

  it('[S36] answers that are not what they say', async () => {
    await using short = await at((response) => {
      response.writeHead(200, { 'content-length': '10', etag: '"x"' });
      response.write('half', () => response.destroy());
    });
    expect(isTemporary(await failureOf(short.store.get('a')))).toBe(true);

    // A range that was not kept to.
    await using whole = await at((response) =>
      response.writeHead(200, { 'content-length': '10', etag: '"x"' }).end('0123456789'),
    );
    const range = { offset: 2, length: 3 };
    expect(isTemporary(await failureOf(whole.store.get('a', { range })))).toBe(true);
    await using other = await at((response) =>
      response
        .writeHead(206, { 'content-length': '4', 'content-range': 'bytes 2-5/10', etag: '"x"' })
        .end('2345'),
    );
    expect(isTemporary(await failureOf(other.store.get('a', { range })))).toBe(true);

    await using elsewhere = await at((response) =>
      response
        .writeHead(206, { 'content-length': '3', 'content-range': 'bytes 3-5/10', etag: '"x"' })
        .end('345'),
    );
    expect(isTemporary(await failureOf(elsewhere.store.get('a', { range })))).toBe(true);

    await using huge = await at((response) =>
      response.writeHead(200, { 'content-length': '99999999999999', etag: '"x"' }).flushHeaders(),
    );
    await expectCode('integrity', huge.store.get('a'));

    await using lying = await at((response) =>
      response.writeHead(200, { etag: '"x"' }).end('<Error><Code>InternalError</Code></Error>'),
    );
    expect(isTemporary(await failureOf(lying.store.put('a', sealed('x'))))).toBe(true);
  });

  it.each([
    ['out of order', ['b', 'a'], ''],
    ['twice the same', ['a', 'a'], ''],
    ['without the rest', ['a'], '<IsTruncated>true</IsTruncated>'],
    [
      'with the same token again',
      ['a'],
      '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>',
    ],
  ])('[S36] a listing that is %s is no listing', async (_title, keys, more) => {
    const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('');
    await using there = await at((response) =>
      response.end(
        `<ListBucketResult>${contents}${more || '<IsTruncated>false</IsTruncated>'}</ListBucketResult>`,
      ),
    );
    expect(isTemporary(await failureOf(names(there.store)))).toBe(true);
  });

  it('[S33] without TLS is told from one that is not trusted', async () => {
    await using service = await startCanned((_, response) => response.end());
    const endpoint = service.endpoint.replace('http:', 'https:');
    const store = openS3Store({ bucket: 'b', endpoint, credentials: CREDENTIALS });
    const error = await failureOf(store.size('a'));
    expect(error).toMatchObject({ code: 'refused', hint: expect.stringMatching(/http:\/\/ and not https/) });
    expect(error.message).toMatch(/speaks no TLS$/);
  });
});
