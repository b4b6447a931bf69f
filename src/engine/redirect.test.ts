import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { startCanned } from '../testing/canned.ts';
import { failureOf } from '../testing/expect-code.ts';
import { newPlace, save } from './place.fixture.ts';

const CREDENTIALS = { accessKeyId: 'somebody', secretAccessKey: 'verysecretindeed' };

/** A service that sends everybody elsewhere, and the place where it sends them. */
async function elsewhere(status: number, body: string) {
  const heard: string[] = [];
  const other = await startCanned((request, response) => {
    heard.push(JSON.stringify(request.headers));
    response.writeHead(200, { etag: '"x"' }).end();
  });
  const service = await startCanned((request, response) => {
    const location = `${other.endpoint}${request.url}`;
    response.writeHead(status, { location, 'content-type': 'application/xml' }).end(body);
  });
  return {
    service,
    other,
    heard,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

describe('a service that sends a home elsewhere', () => {
  const XML = (endpoint: string) =>
    `<Error><Code>TemporaryRedirect</Code><Endpoint>${endpoint}</Endpoint><Bucket>b</Bucket></Error>`;

  const sent = async (provider: 's3' | 'gcs', status: number) => {
    process.env['AWS_ACCESS_KEY_ID'] = CREDENTIALS.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = CREDENTIALS.secretAccessKey;
    await using there = await elsewhere(status, XML('127.0.0.1:1'));
    const { endpoint } = there.service;
    const limits = { retry_seconds: 1 };
    const storage = { provider, [provider]: { bucket: 'b', endpoint }, limits };
    const error = await failureOf(save(newPlace(`storage: ${JSON.stringify(storage)}`)));
    expect(['bad_input', 'unavailable']).toContain(error.code);
    expect(error.message).toContain(endpoint);
    expect(error.hint).toBeDefined();
    expect(there.service.asked.length).toBeGreaterThan(0);
    return there.heard;
  };

  it.each([301, 302, 303, 307, 308])('[E66] S3: a %i is not followed', async (status) => {
    expect(await sent('s3', status)).toEqual([]);
  });

  it.each([301, 307])(
    '[E66] GCS: the client follows a %i; nothing is believed, no credential goes there',
    async (status) => {
      expect((await sent('gcs', status)).filter((headers) => /authorization|secret/i.test(headers))).toEqual(
        [],
      );
    },
  );

  it('[E66] no run file names a place of objects', () => {
    const schema = readFileSync(join(import.meta.dirname, '../../docs/run-file.schema.json'), 'utf8');
    expect(schema).toContain('"step_restore_cache"');
    expect(schema).not.toMatch(/endpoint|bucket|storage/);
  });
});
