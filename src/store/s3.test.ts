import { execFileSync } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startCanned } from '../testing/canned.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { openS3Store } from './s3.ts';
import type { S3Place } from './s3-client.ts';
import { isTemporary } from './service-error.ts';
import { collect, names, sealed, text } from './store.contract.ts';
import type { Store } from './store.ts';

const CREDENTIALS = { accessKeyId: 'somebody', secretAccessKey: 'verysecretindeed' };

/** Every call of a store, on the object `a`. */
const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get('a'),
  range: (store) => store.get('a', { range: { offset: 0, length: 1 } }),
  size: (store) => store.size('a'),
  put: (store) => store.put('a', sealed('x')),
  list: (store) => names(store),
  delete: (store) => store.delete('a'),
};

describeWith(['radosgw'], 'S3 store at a real service', () => {
  let service: Radosgw;
  beforeAll(async () => {
    service = await startRadosgw();
    await service.bucket('bucket');
  });
  afterAll(() => service[Symbol.asyncDispose]());

  const open = (place: Partial<S3Place> = {}) => {
    const { endpoint, credentials } = service;
    return openS3Store({ bucket: 'bucket', endpoint, credentials, ...place });
  };

  it('[S32] stores in one bucket do not see each other, nor what lies beside them', async () => {
    const [one, two, all] = [open({ prefix: 'one/' }), open({ prefix: 'one/two' }), open()];
    await one.put('a', sealed('1'));
    await two.put('a', sealed('2'));
    await open({ prefix: 'one' }).put('b', sealed('3'));
    expect(await names(one)).toEqual(['a', 'b', 'two/a']);
    expect(await names(two)).toEqual(['a']);
    expect(text(await all.get('one/two/a'))).toBe('2');
    await two.delete('b');
    expect(await names(one)).toEqual(['a', 'b', 'two/a']);
  });

  it('[S32] foreign keys are named, whatever is in them', async () => {
    const { S3Client, PutObjectCommand } = await import('@aws-sdk/client-s3');
    const { endpoint, credentials } = service;
    const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
    const store = open({ prefix: 'foreign' });
    await store.put('a/b', sealed('x'));
    const foreign = ['.hidden', 'A b+c', 'a/', 'a/B', 'a//c', 'control\u0001', 'é/ü', '&<>%41', '🦊'];
    for (const name of foreign)
      await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: `foreign/${name}`, Body: 'x' }));
    client.destroy();
    expect(await names(store)).toEqual(['a/b']);
    const found = await collect(store.foreign());
    expect([...found].sort()).toEqual([...foreign].sort());
  });

  it.each(Object.keys(CALLS))('[S33] %s: no such bucket, and credentials that are refused', async (call) => {
    const missing = await failureOf(CALLS[call]!(open({ bucket: 'nowhere' })));
    expect(missing).toMatchObject({ code: 'unavailable', details: { temporary: false } });
    expect(missing.message).toMatch(/S3 bucket nowhere at http.*: there is no such bucket/);
    expect(missing.hint).toContain('storage.s3.bucket');
    for (const credentials of [
      CREDENTIALS,
      { ...service.credentials, secretAccessKey: 'verysecretindeed' },
    ]) {
      const refused = await failureOf(CALLS[call]!(open({ credentials })));
      expect(refused.code).toBe('refused');
      expect(refused.hint).toContain('AWS_ACCESS_KEY_ID');
      expect(JSON.stringify([refused.message, refused.hint, refused.details, refused.cause])).not.toMatch(
        /verysecret|[Ss]ignature=|StringToSign/,
      );
    }
  });

  it('[S33] nobody is there', async () => {
    const error = await failureOf(open({ endpoint: 'http://127.0.0.1:1' }).put('a', sealed('x')));
    expect([error.code, isTemporary(error)]).toEqual(['unavailable', true]);
    expect(error.message).toMatch(
      /^cannot write object a to S3 bucket bucket at http:\/\/127.0.0.1:1: .*ECONNREFUSED/,
    );
  });

  it('[S33] an endpoint that is none, or has credentials in it', async () => {
    for (const endpoint of ['ftp://x', 'nothing', 'https://me:secret@host'])
      await expectCode('bad_input', open({ endpoint }).get('a'));
  });

  it('[S34] a clock that is an hour off is told, and put right for the next try', async () => {
    const script = `
      import { openS3Store } from ${JSON.stringify(join(import.meta.dirname, 's3.ts'))};
      const now = Date.now;
      Date.now = () => now() + 3_600_000;
      globalThis.Date = class extends Date { constructor(...words) { super(...(words.length === 0 ? [Date.now()] : words)); } };
      const store = openS3Store(${JSON.stringify({ bucket: 'bucket', endpoint: service.endpoint, credentials: service.credentials })});
      const first = await store.put('clock', [Buffer.from('x')]).catch((error) => error);
      console.log(first.code, first.details?.temporary, first.hint);
      console.log(await store.put('clock', [Buffer.from('x')]));
      process.exit(0);`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said).toBe('unavailable true Set the clock of this machine.\ncreated\n');
  });
});

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

  it('[S33] what is broken inside is asked once for a size, what is refused twice to learn why', async () => {
    for (const [status, methods] of [
      [500, ['HEAD']],
      [404, ['HEAD', 'GET']],
    ] as const) {
      await using there = await at((response) => response.writeHead(status).end());
      await failureOf(there.store.size('a'));
      expect(there.service.asked.map((each) => each.split(' ')[0])).toEqual(methods);
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
});

it('[S37] a store that is opened loads no SDK', () => {
  const script = `
    import { openS3Store } from ${JSON.stringify(join(import.meta.dirname, 's3.ts'))};
    openS3Store({ bucket: 'b' });
    console.log(process.moduleLoadList.filter((name) => /http|tls/.test(name)).length);`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(Number(said)).toBe(0);
});
