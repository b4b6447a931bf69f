/** The request that makes an object, once. */

import { Readable } from 'node:stream';

import type { PutObjectCommand } from '@aws-sdk/client-s3';

import { sha256, toHex } from '../base/index.ts';
import { slices } from './body.ts';
import type { S3Tools } from './s3-client.ts';
import { Garbled } from './service-error.ts';

interface HttpMessage {
  readonly headers: Record<string, string>;
}

/** @param asked waits before each slice of the body goes out */
export function putCommand(
  sdk: S3Tools['sdk'],
  place: { readonly Bucket: string; readonly Key: string },
  bytes: Uint8Array,
  asked: (count: number) => Promise<void>,
): PutObjectCommand {
  const command = new sdk.PutObjectCommand({
    ...place,
    // As a stream: its progress can be seen, and slowed down.
    Body: bytes.length === 0 ? bytes : Readable.from(slices(bytes, asked), { objectMode: false }),
    ContentLength: bytes.length,
    ContentType: 'application/octet-stream',
    IfNoneMatch: '*',
  });
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers, protocol } = args.request as HttpMessage & { readonly protocol: string };
      // The signature is over a hash of the body. Over TLS the SDK leaves that out: TLS keeps the bytes as they are.
      if (protocol !== 'https:') headers['x-amz-content-sha256'] = toHex(sha256(bytes));
      return next(args);
    },
    { step: 'build', name: 'hashOfTheBody' },
  );
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      checkCreated(result.response as HttpMessage & { readonly statusCode: number });
      return result;
    },
    { step: 'deserialize', name: 'createdIndeed', priority: 'low' },
  );
  return command;
}

/** Some services answer 200 before they have written, and tell in the body that they could not. A good answer has no body. */
function checkCreated({ statusCode, headers }: HttpMessage & { readonly statusCode: number }): void {
  if (statusCode !== 200) return;
  const length = headers['content-length'];
  if (headers['etag'] !== undefined && (length === undefined || length === '0')) return;
  throw new Garbled('its answer says yes, and has an error in it');
}
