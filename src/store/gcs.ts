/**
 * A store in a bucket of Google Cloud Storage: the object `a/b` is the object `<prefix>a/b`, made by one upload.
 *
 * What makes a name created once is `ifGenerationMatch=0`. Each call is one try; `retrying` makes more of them.
 */

import type { File } from '@google-cloud/storage';

import { isStrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { lengthOf, readBody } from './body.ts';
import { DEFAULT_DEADLINE, DEFAULT_IDLE, MAX_OBJECT_BYTES, bucketStore } from './bucket.ts';
import type { Range, ServiceOptions } from './bucket.ts';
import { noSuchObject, rangeOf, wholeLength } from './error.ts';
import type { GcsPlace, GcsTools } from './gcs-client.ts';
import { gcsAnswer, gcsComplaint } from './gcs-error.ts';
import { bucketPrefix, checkListed } from './listing.ts';
import { onDemand } from './on-demand.ts';
import { openLine } from './pace.ts';
import { garbled, serviceError } from './service-error.ts';
import type { Doing } from './service-error.ts';
import type { GetOptions, ListOptions, Store, StoredObject } from './store.ts';
import { Tally } from './tally.ts';
import { watched } from './watch.ts';
import type { Watch } from './watch.ts';

export function openGcsStore(
  place: GcsPlace,
  {
    idle = DEFAULT_IDLE,
    deadline = DEFAULT_DEADLINE,
    tally = new Tally(),
    line: carrier = openLine(),
  }: ServiceOptions = {},
): Store {
  const prefix = bucketPrefix(place.prefix);
  const label = `GCS bucket ${place.bucket}${prefix === '' ? '' : `, prefix ${prefix}`}${place.endpoint === undefined ? '' : ` at ${place.endpoint}`}`;
  const tools = onDemand(() => load(place));
  const line = tally.over(carrier);

  const keyOf = (name: string) => prefix + name;

  async function request<Value>(
    doing: Omit<Doing, 'label'>,
    { signal }: Cancellable,
    ask: (tools: GcsTools, watch: Watch) => Promise<Value>,
  ): Promise<Value> {
    throwIfAborted(signal);
    const { object } = doing;
    const ready = await tools();
    return tally.tries(doing.verb, async () => {
      try {
        return await watched({ signal, idle, deadline }, async (watch) => {
          try {
            return await ask(ready, watch);
          } catch (error) {
            if (object === undefined || gcsAnswer(error)?.status !== 404) throw error;
            // A missing object and a missing bucket are told by the same code. Of a listing, only the bucket can be missing.
            watch.moved();
            tally.request('list');
            await ready.bucket.getFiles({ autoPaginate: false, prefix: keyOf(object), maxResults: 1 });
            throw noSuchObject(label, object);
          }
        });
      } catch (error) {
        if (isStrataError(error)) throw error;
        const where = { ...doing, label };
        const complaint = gcsComplaint(error, where);
        throw complaint === undefined ? error : serviceError(where, complaint);
      }
    });
  }

  async function sizeOf(name: string, options: Cancellable): Promise<number> {
    const doing = { verb: 'look at', object: name } as const;
    const size = await request(doing, options, async ({ bucket }) => {
      const [metadata] = await bucket.file(keyOf(name)).getMetadata();
      return lengthIn(metadata.size);
    });
    if (size !== undefined) return size;
    throw serviceError({ ...doing, label }, garbled('its answer has no length in it'));
  }

  async function read(
    name: string,
    range: Range | undefined,
    { most = MAX_OBJECT_BYTES, ...options }: GetOptions,
  ): Promise<Sealed> {
    const doing = { verb: 'read', object: name } as const;
    return request(doing, options, async ({ bucket }, { signal, moved }) => {
      const stream = bucket.file(keyOf(name)).createReadStream({
        // The client could check whole objects alone, byte by byte in JavaScript; objects carry proof of their own.
        validation: false,
        decompress: false,
        ...(range !== undefined && { start: range.offset, end: range.offset + range.length - 1 }),
      });
      const giveUp = endOf(stream);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const headers = await headersOf(stream);
        const size =
          range === undefined
            ? lengthIn(headers['content-length'])
            : wholeLength(headers['content-range'], range);
        // What some middleman says with status 200 has neither.
        const isOfAnObject = headers['x-goog-generation'] !== undefined || headers['etag'] !== undefined;
        if (size === undefined || !isOfAnObject)
          throw serviceError({ ...doing, label }, garbled('its answer is not the part that was asked for'));
        const { length } = rangeOf(name, size, { range, most });
        const bytes = await readBody(stream, length, async (count) => {
          moved();
          await line.down(count, { signal, moved });
        });
        if (bytes === undefined)
          throw serviceError({ ...doing, label }, garbled('its answer has another length than it says'));
        return bytes;
      } catch (error) {
        if (range !== undefined && gcsAnswer(error)?.status === 416)
          throw damaged({ name }, `it ends before byte ${range.offset}`);
        throw error;
      } finally {
        giveUp();
        signal.removeEventListener('abort', giveUp);
      }
    });
  }

  async function* keys(start: string, options: ListOptions): AsyncIterable<StoredObject> {
    const { after } = options;
    const first = after === undefined ? '' : keyOf(after);
    let last = '';
    let token: string | undefined;
    do {
      const answer = await request({ verb: 'list' }, options, async ({ bucket }) => {
        const [, , page] = await bucket.getFiles({
          autoPaginate: false,
          prefix: keyOf(start),
          fields: 'kind,items(name,size),nextPageToken',
          ...(first !== '' && { startOffset: first }),
          ...(token !== undefined && { pageToken: token }),
        });
        return page as Page;
      });
      // A page that somebody else put in the way has no objects in it either.
      if (answer.kind !== 'storage#objects')
        throw serviceError({ label, verb: 'list' }, garbled('its answer is no listing'));
      for (const { name, size } of answer.items ?? []) {
        const key = checkListed(label, { key: name, size: lengthIn(size), prefix: keyOf(start), last });
        last = key.name;
        // Google begins with the name itself.
        if (last !== first) yield { name: last.slice(prefix.length), size: key.size };
      }
      if (answer.nextPageToken !== undefined && answer.nextPageToken === token)
        throw serviceError({ label, verb: 'list' }, garbled('its listing breaks off'));
      token = answer.nextPageToken;
    } while (token !== undefined);
  }

  return bucketStore({
    label,
    read,
    sizeOf,
    keys,

    async put(name, parts, options) {
      const doing = { verb: 'write', object: name } as const;
      return request(doing, options, async ({ bucket, isPlain, upload }, watch) => {
        try {
          const stored = await upload(bucket.file(keyOf(name)), parts, isPlain, watch, async (count) => {
            watch.moved();
            await line.up(count, watch);
          });
          if (stored === lengthOf(parts)) return 'created';
        } catch (error) {
          if (gcsAnswer(error)?.status === 412) return 'exists';
          throw error;
        }
        throw serviceError({ ...doing, label }, garbled('its answer says yes, and not what it stored'));
      });
    },

    async delete(name, options) {
      try {
        await request({ verb: 'delete', object: name }, options, async ({ bucket }) => {
          await bucket.file(keyOf(name)).delete();
        });
      } catch (error) {
        if (!isStrataError(error, 'not_found')) throw error;
      }
    },
  });
}

interface Page {
  readonly kind?: unknown;
  readonly items?: readonly { readonly name?: string; readonly size?: string }[];
  readonly nextPageToken?: string;
}

async function load(place: GcsPlace): Promise<GcsTools> {
  const { gcsTools } = await import('./gcs-client.ts');
  return gcsTools(place);
}

type Headers = Readonly<Record<string, string | undefined>>;

interface Answer {
  readonly statusCode: number;
  readonly request: { agent: unknown };
  setMaxListeners(count: number): void;
  toJSON(): { readonly headers: Headers };
}

/**
 * How a read is given up. Trap: the client leads an answer into its stream also when that was destroyed before it came, and what this
 * throws nobody can catch. So until then it waits.
 */
function endOf(stream: ReturnType<File['createReadStream']>): () => void {
  let answered = false;
  stream.once('response', () => (answered = true));
  stream.on('error', () => {});
  return () => {
    if (answered) stream.destroy();
    else stream.once('response', () => process.nextTick(() => stream.destroy()));
  };
}

/** Of the answer, when it comes. The stream asks when it is read from, and tells its failure only as a stream does. */
function headersOf(stream: ReturnType<File['createReadStream']>): Promise<Headers> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('premature close')));
    stream.once('response', (response: Answer) => {
      // When a read ends early the client closes this agent, and with it each connection that others read from.
      response.request.agent = undefined;
      // The client listens more often than Node thinks is meant, and Node would print that.
      response.setMaxListeners(0);
      // Others become an error of the stream, with all that the service says.
      if (response.statusCode < 300) resolve(response.toJSON().headers);
    });
    stream.read(0);
  });
}

/** Bytes, as Google writes them: in decimal digits. */
function lengthIn(text: string | number | undefined): number | undefined {
  const length = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined;
}
