/** A real S3 service for one test file: Ceph's gateway, started by `scripts/radosgw` in a temporary directory. */

import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/radosgw');
const run = promisify(execFile);

export interface Radosgw extends AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Where its processes leave their ids: `mon.pid`, `osd.pid`, `rgw.pid`. */
  readonly directory: string;
  /** Makes one. */
  bucket(name: string): Promise<void>;
  /** Starts what was killed of it. */
  revive(): Promise<void>;
}

/** @param kind `bluestore` outlives its processes, and takes some seconds more to start */
export async function startRadosgw(kind: 'memstore' | 'bluestore' = 'memstore'): Promise<Radosgw> {
  const directory = mkdtempSync(join(tmpdir(), 'strata-radosgw-'));
  const up = () => run('bash', [SCRIPT, 'up', directory, kind, String(process.pid)]);
  const { stdout } = await up();
  const said = new Map(stdout.split('\n').map((line) => [line.split('=')[0]!, line.split('=')[1]]));
  const endpoint = said.get('AWS_ENDPOINT_URL_S3')!;
  const credentials = {
    accessKeyId: said.get('AWS_ACCESS_KEY_ID')!,
    secretAccessKey: said.get('AWS_SECRET_ACCESS_KEY')!,
  };
  return {
    endpoint,
    credentials,
    directory,
    async bucket(name) {
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
      const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
    async revive() {
      await up();
    },
    async [Symbol.asyncDispose]() {
      await run('bash', [SCRIPT, 'down', directory]);
    },
  };
}
