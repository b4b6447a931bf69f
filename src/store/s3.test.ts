import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { expectCode, failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { openS3Store } from './s3.ts';
import type { S3Place } from './s3-client.ts';
import { CALLS, CREDENTIALS } from './bucket.fixture.ts';
import { isTemporary } from './service-error.ts';
import { collect, names, sealed, text } from './store.contract.ts';

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

it('[S37] a store that is opened loads no SDK', () => {
  const script = `
    import { openS3Store } from ${JSON.stringify(join(import.meta.dirname, 's3.ts'))};
    openS3Store({ bucket: 'b' });
    console.log(process.moduleLoadList.filter((name) => /http|tls/.test(name)).length);`;
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(Number(said)).toBe(0);
});
