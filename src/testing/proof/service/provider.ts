/** Services that keep the stores of cases: Ceph's gateway for S3, and the fake of Google's. */

import { openGcsStore, openS3Store } from '../../../store/index.ts';
import type { Store } from '../../../store/index.ts';
import { startGcsFake } from '../../gcs-fake.ts';
import { startRadosgw } from '../../radosgw.ts';
import type { Radosgw } from '../../radosgw.ts';

const BUCKET = 'proof';

export interface Provider extends AsyncDisposable {
  readonly name: 's3' | 'gcs';
  readonly endpoint: string;
  /** What a command needs to be let in. */
  readonly environment: Readonly<Record<string, string>>;
  /** The store as a configuration names it. */
  place(endpoint: string, prefix: string): string;
  /** The store past the engine, one try a call. */
  open(endpoint: string, prefix: string): Store;
}

/** Sets the credentials in the environment of this process too, where the SDK looks for them. */
export async function startS3(
  kind?: Parameters<typeof startRadosgw>[0],
): Promise<Provider & { readonly gateway: Radosgw }> {
  const gateway = await startRadosgw(kind);
  await gateway.bucket(BUCKET);
  const { credentials } = gateway;
  const environment = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  Object.assign(process.env, environment);
  return {
    name: 's3',
    gateway,
    endpoint: gateway.endpoint,
    environment,
    place: (endpoint, prefix) => placeText('s3', endpoint, prefix),
    open: (endpoint, prefix) =>
      openS3Store({ bucket: BUCKET, endpoint, prefix, credentials, forcePathStyle: true }),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

export async function startGcs(): Promise<Provider> {
  const fake = await startGcsFake();
  fake.bucket(BUCKET);
  return {
    name: 'gcs',
    endpoint: fake.endpoint,
    environment: {},
    place: (endpoint, prefix) => placeText('gcs', endpoint, prefix),
    open: (endpoint, prefix) => openGcsStore({ bucket: BUCKET, endpoint, prefix }),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

function placeText(provider: string, endpoint: string, prefix: string): string {
  return `provider: ${provider}, ${provider}: { bucket: ${BUCKET}, endpoint: '${endpoint}', prefix: '${prefix}' }`;
}
