/** Google's client, as we want it; and what it lacks: a way to give up an upload. */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { Bucket, File } from '@google-cloud/storage';

type DecorateRequestOptions = ReturnType<NonNullable<File['interceptors'][number]['request']>>;

import { slices } from './body.ts';
import { checkEndpoint } from './endpoint.ts';
import type { Watch } from './watch.ts';

export interface GcsPlace {
  readonly bucket: string;
  /** In front of each name; a `/` is put between, if it does not end with one. */
  readonly prefix?: string;
  /** A URL; absent: Google's. One without TLS gets no credentials, and needs none: it is a fake, or a proxy that has them. */
  readonly endpoint?: string | undefined;
}

export interface GcsTools {
  readonly bucket: Bucket;
  /** Nothing but TCP's sums keeps bytes as they are on their way. */
  readonly isPlain: boolean;
  readonly upload: typeof upload;
}

/** @throws bad_input for an endpoint that is no URL */
export async function gcsTools({ bucket, endpoint }: GcsPlace): Promise<GcsTools> {
  checkEndpoint(endpoint);
  const url = endpoint === undefined ? undefined : new URL(endpoint);
  const { Storage } = await import('@google-cloud/storage');
  const storage = new Storage({
    // `retrying` does that, by one budget for all stores.
    retryOptions: { autoRetry: false, maxRetries: 0 },
    ...(endpoint !== undefined && {
      apiEndpoint: endpoint,
      useAuthWithCustomEndpoint: url?.protocol === 'https:',
    }),
  });
  return { bucket: storage.bucket(bucket), isPlain: url?.protocol === 'http:', upload };
}

/**
 * Makes the object in one request, if there is none of that name.
 *
 * @param isSummed sends a sum of the bytes, by which the service sees whether it has got them
 * @param asked waits before each slice of the body goes out
 * @returns what the service says that it has stored, bytes; undefined if that has another name
 * @throws an error with code 412 if there is one
 */
export async function upload(
  file: File,
  parts: readonly Uint8Array[],
  isSummed: boolean,
  { signal }: Watch,
  asked: (count: number) => Promise<void>,
): Promise<number | undefined> {
  let carrier: Carrier | undefined;
  file.interceptors.push({
    request(options) {
      carrier = carrierOf(options as MultipartRequest) ?? carrier;
      return options as DecorateRequestOptions;
    },
  });
  const giveUp = () => carrier?.destroy(new Error('given up'));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const sink = file.createWriteStream({
      resumable: false,
      // It would hash each byte in JavaScript; objects carry proof of their own.
      validation: false,
      contentType: 'application/octet-stream',
      ...(isSummed && { metadata: { md5Hash: sumOf(parts) } }),
      preconditionOpts: { ifGenerationMatch: 0 },
    });
    // Its end is that of the request: an empty body must begin one all the same.
    await pipeline(Readable.from(slices(parts, asked), { objectMode: false }), sink, { signal });
    // The name goes in the body, too.
    return file.metadata.name === file.name ? Number(file.metadata.size) : undefined;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Google takes this one or CRC32C, and Node has only this one. Against chance, not against anybody. */
function sumOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
}

type Carrier = { destroy(error: Error): void };

interface MultipartRequest {
  readonly multipart?: readonly { body: unknown }[];
}

/**
 * The client joins the metadata and the body in a stream of its own, and has no signal: when our stream is destroyed that one waits for
 * ever, and its connection with it. So we look where our stream is led to, to destroy that.
 */
function carrierOf(options: MultipartRequest): Carrier | undefined {
  const body = options.multipart?.[1]?.body;
  if (!(body instanceof Readable)) return undefined;
  let joined: (Carrier & NodeJS.WritableStream) | undefined;
  const lead = body.pipe.bind(body);
  body.pipe = ((target: Carrier & NodeJS.WritableStream, how: { end?: boolean }) => {
    joined = target;
    return lead(target, how);
  }) as typeof body.pipe;
  return { destroy: (error) => joined?.destroy(error) };
}
