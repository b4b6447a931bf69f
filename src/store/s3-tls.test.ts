import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { openS3Store } from './s3.ts';
import { sealed, text } from './store.contract.ts';

describeWith(['openssl'], 'S3 store over TLS', () => {
  const base = mkdtempSync(join(tmpdir(), 'strata-tls-'));
  const [key, certificate] = [join(base, 'key.pem'), join(base, 'certificate.pem')];
  const hashes: (string | string[] | undefined)[] = [];
  let server: Server;
  let endpoint = '';

  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const files = ['-keyout', key, '-out', certificate];
    const how = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', ...how, ...files, ...subject], { stdio: 'pipe' });
    server = createServer(
      { key: readFileSync(key), cert: readFileSync(certificate) },
      (request, response) => {
        if (request.method === 'PUT') hashes.push(request.headers['x-amz-content-sha256']);
        request.resume().on('end', () => {
          const body = request.method === 'GET' ? 'bytes' : '';
          response.writeHead(200, { etag: '"x"', 'content-length': body.length }).end(body);
        });
      },
    );
    server.listen(0, 'localhost');
    await once(server, 'listening');
    endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(base, { recursive: true });
  });

  const open = (caFile?: string) =>
    openS3Store({ bucket: 'b', endpoint, caFile, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });

  it('[S33] a certificate that nobody vouches for is refused, and one of an authority of our own is not', async () => {
    const error = await failureOf(open().get('a'));
    expect([error.code, error.details['temporary']]).toEqual(['refused', false]);
    expect(error.message).toContain('certificate');
    const store = open(certificate);
    expect(await store.put('a', sealed('x'))).toBe('created');
    expect(text(await store.get('a'))).toBe('bytes');
    // TLS keeps the bytes as they are: to hash them for the signature would be twice the work.
    expect(hashes).toEqual(['UNSIGNED-PAYLOAD']);
  });

  it('[S33] a file of authorities that is not there is told, and the next call finds it', async () => {
    const file = join(base, 'later.pem');
    const store = open(file);
    const error = await failureOf(store.get('a'));
    expect([error.code, error.message]).toEqual(['not_found', expect.stringContaining(file)]);
    renameSync(certificate, file);
    expect(text(await store.get('a'))).toBe('bytes');
  });
});
