/** The requests that change something: one makes an object, once. */

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import type { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';

import { EMPTY } from '../base/index.ts';
import { lengthOf, slices } from './body.ts';
import type { S3Tools } from './s3-client.ts';
import { Garbled } from './service-error.ts';

interface HttpMessage {
  readonly headers: Record<string, string>;
}

/** @param asked waits before each slice of the body goes out */
export function putCommand(
  sdk: S3Tools['sdk'],
  place: { readonly Bucket: string; readonly Key: string },
  parts: readonly Uint8Array[],
  asked: (count: number) => Promise<void>,
): PutObjectCommand {
  const length = lengthOf(parts);
  const command = new sdk.PutObjectCommand({
    ...place,
    // As a stream: its progress can be seen, and slowed down.
    Body: length === 0 ? EMPTY : Readable.from(slices(parts, asked), { objectMode: false }),
    ContentLength: length,
    ContentType: 'application/octet-stream',
    IfNoneMatch: '*',
  });
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers, protocol } = args.request as HttpMessage & { readonly protocol: string };
      // The signature is over a hash of the body. Over TLS the SDK leaves that out: TLS keeps the bytes as they are.
      if (protocol !== 'https:') headers['x-amz-content-sha256'] = hashOf(parts);
      return next(args);
    },
    { step: 'build', name: 'hashOfTheBody' },
  );
  checkAnswer(command, ({ statusCode, headers }) => {
    if (statusCode === 200 && headers['etag'] === undefined) throw new Garbled(NO_SUCH_YES);
  });
  return command;
}

/** The request that deletes one. */
export function deleteCommand(
  sdk: S3Tools['sdk'],
  place: { readonly Bucket: string; readonly Key: string },
): DeleteObjectCommand {
  const command = new sdk.DeleteObjectCommand(place);
  checkAnswer(command, () => {});
  return command;
}

const NO_SUCH_YES = 'its answer says yes, and has an error in it';

interface HttpAnswer extends HttpMessage {
  readonly statusCode: number;
}

/**
 * Some services answer 200 before they have done it, and tell in the body that they could not; the SDK does not look there. A good answer
 * to a request that changes something has no body.
 */
function checkAnswer(
  command: PutObjectCommand | DeleteObjectCommand,
  check: (answer: HttpAnswer) => void,
): void {
  const { middlewareStack } = command as PutObjectCommand;
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const answer = result.response as HttpAnswer;
      if (answer.statusCode === 200 && (answer.headers['content-length'] ?? '0') !== '0')
        throw new Garbled(NO_SUCH_YES);
      check(answer);
      return result;
    },
    { step: 'deserialize', name: 'doneIndeed', priority: 'low' },
  );
}

function hashOf(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
