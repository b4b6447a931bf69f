/** A real S3 service for one test file: Ceph's gateway, started by `scripts/radosgw` in a temporary directory. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/radosgw');
const run = promisify(execFile);

export interface Radosgw extends AsyncDisposable {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes one. */
  bucket(name: string): Promise<void>;
  /** Kills all of it by SIGKILL, and returns when it is dead. */
  kill(): Promise<void>;
  /** Starts again what was killed. Only `bluestore` still has what was in it. */
  revive(): Promise<void>;
}

/** @param kind `bluestore` outlives its processes, and takes some seconds more to start @param place for its directory */
export async function startRadosgw(
  kind: 'memstore' | 'bluestore' = 'memstore',
  place: string = tmpdir(),
): Promise<Radosgw> {
  const directory = mkdtempSync(join(place, 'strata-radosgw-'));
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
    async bucket(name) {
      const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
      const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
    async kill() {
      for (const part of ['rgw', 'osd', 'mon']) {
        const pid = Number(readFileSync(join(directory, `${part}.pid`), 'utf8'));
        process.kill(pid, 'SIGKILL');
        while (lives(pid)) await sleep(10);
      }
    },
    async revive() {
      await up();
    },
    async [Symbol.asyncDispose]() {
      await run('bash', [SCRIPT, 'down', directory]);
    },
  };
}

/** A zombie, which nobody has waited for yet, does not live. */
function lives(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
