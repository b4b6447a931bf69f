/** Homes whose stores are in buckets of a real service, for tests of the engine. */

import type { S3Client } from '@aws-sdk/client-s3';

import { openS3Store } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { newPlace } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

export interface BucketPlace {
  readonly bucket: string;
  readonly prefix?: string;
  /** Default: the service itself. */
  readonly endpoint?: string;
}

/** Of what is tried again here nothing gets better. */
const RETRY_SECONDS = 4;

/** Lets this process in, as the environment of an operator would. */
export function logIn({ credentials }: Pick<Radosgw, 'credentials'>): void {
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
}

export function storageYaml({ endpoint }: { readonly endpoint: string }, place: BucketPlace): string {
  return `storage: ${JSON.stringify({
    provider: 's3',
    s3: { endpoint, ...place },
    limits: { retry_seconds: RETRY_SECONDS },
  })}\n`;
}

export function placeIn(service: { readonly endpoint: string }, place: BucketPlace): Place {
  return newPlace(storageYaml(service, place));
}

/** The bucket, past the engine: only what has a name of ours. */
export function bare({ endpoint, credentials }: Radosgw, { bucket, prefix = '' }: BucketPlace): Store {
  return openS3Store({ bucket, prefix, endpoint, credentials, forcePathStyle: true });
}

export async function client({ endpoint, credentials }: Radosgw): Promise<S3Client> {
  const { S3Client: Client } = await import('@aws-sdk/client-s3');
  return new Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
}

/** Every key of a bucket. */
export async function keysIn(service: Radosgw, Bucket: string): Promise<string[]> {
  const { ListObjectsV2Command } = await import('@aws-sdk/client-s3');
  const s3 = await client(service);
  const { Contents = [], IsTruncated } = await s3.send(new ListObjectsV2Command({ Bucket }));
  s3.destroy();
  if (IsTruncated === true) throw new Error('there are more keys than one page has');
  return Contents.map(({ Key }) => Key!);
}
