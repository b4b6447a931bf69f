/**
 * A store in a bucket of an S3 service: the object `a/b` is the key `<prefix>a/b`, made by one PUT.
 *
 * What makes a name created once is `If-None-Match: *`. Each call is one try; `retrying` makes more of them.
 */

import type { S3ServiceException } from '@aws-sdk/client-s3';

import { isStrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { readBody } from './body.ts';
import { DEFAULT_DEADLINE, DEFAULT_IDLE, MAX_OBJECT_BYTES, bucketStore } from './bucket.ts';
import type { Range, ServiceOptions } from './bucket.ts';
import { noSuchObject, rangeOf, wholeLength } from './error.ts';
import { bucketPrefix, checkListed } from './listing.ts';
import { onDemand } from './on-demand.ts';
import { openLine } from './pace.ts';
import type { S3Place, S3Tools } from './s3-client.ts';
import { s3Answer, s3Complaint } from './s3-error.ts';
import { garbled, serviceError } from './service-error.ts';
import type { Doing } from './service-error.ts';
import type { GetOptions, ListOptions, Store, StoredObject } from './store.ts';
import { Tally } from './tally.ts';
import { watched } from './watch.ts';
import type { Watch } from './watch.ts';

/** Two puts of one name met; one of them is told to try again, which is soon. */
const MEETINGS = 5;

export function openS3Store(
  place: S3Place,
  {
    idle = DEFAULT_IDLE,
    deadline = DEFAULT_DEADLINE,
    tally = new Tally(),
    line: carrier = openLine(),
  }: ServiceOptions = {},
): Store {
  const Bucket = place.bucket;
  const prefix = bucketPrefix(place.prefix);
  const label = `S3 bucket ${Bucket}${prefix === '' ? '' : `, prefix ${prefix}`}${place.endpoint === undefined ? '' : ` at ${place.endpoint}`}`;
  const tools = onDemand(() => load(place));
  const line = tally.over(carrier);

  const keyOf = (name: string) => prefix + name;

  async function request<Value>(
    doing: Omit<Doing, 'label'>,
    { signal }: Cancellable,
    ask: (tools: S3Tools, watch: Watch) => Promise<Value>,
  ): Promise<Value> {
    throwIfAborted(signal);
    const ready = await tools();
    return tally.tries(doing.verb, async () => {
      try {
        return await watched({ signal, idle, deadline }, (watch) => ask(ready, watch));
      } catch (error) {
        if (isStrataError(error)) throw error;
        if (doing.object !== undefined && hasStatus(error, 404) && s3Answer(error)?.code === 'NoSuchKey')
          throw noSuchObject(label, doing.object);
        const where = { ...doing, label };
        const complaint = s3Complaint(error, where);
        throw complaint === undefined ? error : serviceError(where, complaint);
      }
    });
  }

  async function sizeOf(name: string, options: Cancellable): Promise<number> {
    // Not HEAD, whose answer cannot say why it refuses: the key may be missing, or the bucket.
    const known = await request(
      { verb: 'look at', object: name },
      options,
      async ({ sdk, client }, { signal }) => {
        try {
          const command = new sdk.GetObjectCommand({ Bucket, Key: keyOf(name), Range: 'bytes=0-0' });
          const { Body, ContentRange } = await client.send(command, { abortSignal: signal });
          // Its connection is of use again only when all of it was read.
          await Body?.transformToByteArray();
          return wholeLength(ContentRange, { offset: 0 });
        } catch (error) {
          // It is there, without a first byte.
          if (hasStatus(error, 416)) return 0;
          throw error;
        }
      },
    );
    if (Number.isSafeInteger(known)) return known!;
    throw serviceError({ label, verb: 'look at', object: name }, garbled('its answer has no length in it'));
  }

  async function read(
    name: string,
    range: Range | undefined,
    { most = MAX_OBJECT_BYTES, ...options }: GetOptions,
  ): Promise<Sealed> {
    const doing = { verb: 'read', object: name } as const;
    return request(doing, options, async ({ sdk, client }, { signal, moved }): Promise<Sealed> => {
      const part = range && `bytes=${range.offset}-${range.offset + range.length - 1}`;
      const answer = await client
        .send(new sdk.GetObjectCommand({ Bucket, Key: keyOf(name), Range: part }), { abortSignal: signal })
        .catch((error: unknown) => {
          if (range !== undefined && hasStatus(error, 416))
            throw damaged({ name }, `it ends before byte ${range.offset}`);
          throw error;
        });
      const { Body, ContentLength = Number.NaN, ContentRange, ETag } = answer;
      const size = range === undefined ? ContentLength : wholeLength(ContentRange, range);
      // What some middleman says with status 200 has no tag.
      if (Body === undefined || ETag === undefined || size === undefined || !Number.isSafeInteger(size))
        throw serviceError({ ...doing, label }, garbled('its answer is not the part that was asked for'));
      const { length } = rangeOf(name, size, { range, most });
      const bytes = await readBody(Body as AsyncIterable<Uint8Array>, length, async (count) => {
        moved();
        await line.down(count, { signal, moved });
      });
      if (bytes === undefined)
        throw serviceError({ ...doing, label }, garbled('its answer has another length than it says'));
      return bytes;
    });
  }

  async function* keys(start: string, options: ListOptions): AsyncIterable<StoredObject> {
    let last = options.after === undefined ? '' : keyOf(options.after);
    let token: string | undefined;
    do {
      const answer = await request({ verb: 'list' }, options, async ({ sdk, client }, { signal }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket,
            Prefix: keyOf(start),
            ContinuationToken: token,
            // Keys may be text that XML has no way to say.
            EncodingType: 'url',
            ...(last !== '' && token === undefined && { StartAfter: last }),
          }),
          { abortSignal: signal },
        ),
      );
      // A page that somebody else put in the way has no objects in it either.
      if (answer.IsTruncated === undefined)
        throw serviceError({ label, verb: 'list' }, garbled('its answer is no listing'));
      for (const { Key, Size } of answer.Contents ?? []) {
        const key = checkListed(label, { key: decoded(Key), size: Size, prefix: keyOf(start), last });
        last = key.name;
        yield { name: key.name.slice(prefix.length), size: key.size };
      }
      const next = answer.IsTruncated ? answer.NextContinuationToken : undefined;
      if (answer.IsTruncated && (next === undefined || next === token))
        throw serviceError({ label, verb: 'list' }, garbled('its listing breaks off'));
      token = next;
    } while (token !== undefined);
  }

  return bucketStore({
    label,
    read,
    sizeOf,
    keys,

    async put(name, parts, options) {
      return request({ verb: 'write', object: name }, options, async ({ sdk, client, putCommand }, watch) => {
        for (let meeting = 1; ; meeting++) {
          const command = putCommand(sdk, { Bucket, Key: keyOf(name) }, parts, async (count) => {
            watch.moved();
            await line.up(count, watch);
          });
          try {
            await client.send(command, { abortSignal: watch.signal });
            return 'created';
          } catch (error) {
            if (hasStatus(error, 412)) return 'exists';
            if (!hasStatus(error, 409) || meeting === MEETINGS) throw error;
            watch.moved();
            tally.request('write');
          }
        }
      });
    },

    async delete(name, options) {
      await request(
        { verb: 'delete', object: name },
        options,
        async ({ sdk, client, deleteCommand }, { signal }) => {
          await client.send(deleteCommand(sdk, { Bucket, Key: keyOf(name) }), { abortSignal: signal });
        },
      );
    },
  });
}

/** The SDK with all that it takes: most commands never need it, and it takes a tenth of a second to load. */
async function load(place: S3Place): Promise<S3Tools> {
  const { s3Tools } = await import('./s3-client.ts');
  return s3Tools(place);
}

function hasStatus(error: unknown, status: number): error is S3ServiceException {
  return s3Answer(error)?.status === status;
}

/** Undefined if it is no key at all. */
function decoded(key: string | undefined): string | undefined {
  try {
    return key === undefined ? undefined : decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
