/**
 * A service that answers Google's storage client as Google does, as far as stores ask: the JSON API with uploads (simple, multipart,
 * resumable), preconditions on generations, ranges, listings in pages, and its errors. Written after
 * https://cloud.google.com/storage/docs/json_api; it was never held against the real service.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { partsOf } from './multipart.ts';

interface FakeObject {
  readonly bytes: Buffer;
  readonly generation: number;
}

/** What a request ends with instead of its answer. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
  readonly message?: string;
}

export interface GcsFake extends AsyncDisposable {
  readonly endpoint: string;
  /** What was asked, as `GET /storage/v1/b/…`. */
  readonly asked: string[];
  bucket(name: string): void;
  /** Puts an object there that no store would. */
  place(bucket: string, name: string, bytes: Uint8Array): void;
  /** Is asked for each request; undefined lets it pass. */
  refuse: (request: string) => Refusal | undefined;
  /** Connections that are open. */
  readonly connections: () => Promise<number>;
}

/** Of a listing, like the service. */
const PAGE = 1000;
/** Of a resumable upload: all parts but the last are multiples of it. */
const QUANTUM = 256 * 1024;

export async function startGcsFake(): Promise<GcsFake> {
  const buckets = new Map<string, Map<string, FakeObject>>();
  const uploads = new Map<string, Upload>();
  let generation = 1_700_000_000_000_000;

  const store = (bucket: string, name: string, bytes: Buffer): object => {
    const object = { bytes, generation: ++generation };
    buckets.get(bucket)!.set(name, object);
    return metadataOf(bucket, name, object);
  };

  const create = ({ bucket, name, match }: Target, bytes: Buffer): object => {
    const current = buckets.get(bucket)?.get(name)?.generation ?? 0;
    if (match !== undefined && match !== current) throw conditionNotMet;
    return store(bucket, name, bytes);
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const url = new URL(request.url!, 'http://fake');
    const refusal = fake.refuse(`${request.method} ${request.url}`);
    if (refusal !== undefined) throw refusal;
    const upload = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/.exec(url.pathname);
    if (upload !== null) return receive(decodeURIComponent(upload[1]!), url, request, body, response);
    const path = /^\/storage\/v1\/b\/([^/]+)(?:\/o(?:\/(.+))?)?$/.exec(url.pathname);
    const objects = buckets.get(decodeURIComponent(path?.[1] ?? ''));
    if (path === null) throw { status: 404, reason: 'notFound', message: 'Not Found' } satisfies Refusal;
    if (objects === undefined) throw noBucket;
    const bucket = decodeURIComponent(path[1]!);
    if (path[2] === undefined) {
      if (!url.pathname.endsWith('/o')) return json(response, { kind: 'storage#bucket', name: bucket });
      return json(response, listing(bucket, objects, url.searchParams));
    }
    const name = decodeURIComponent(path[2]);
    const object = objects.get(name);
    if (object === undefined)
      throw {
        status: 404,
        reason: 'notFound',
        message: `No such object: ${bucket}/${name}`,
      } satisfies Refusal;
    if (request.method === 'DELETE') {
      objects.delete(name);
      response.writeHead(204).end();
    } else if (url.searchParams.get('alt') === 'media') {
      send(response, object, request.headers.range);
    } else {
      json(response, metadataOf(bucket, name, object));
    }
  }

  function receive(
    bucket: string,
    url: URL,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): void {
    if (!buckets.has(bucket)) throw noBucket;
    const query = url.searchParams;
    const id = query.get('upload_id');
    if (id !== null) return resume(uploads.get(id), request, body, response);
    const condition = query.get('ifGenerationMatch');
    const target = (name: string | null): Target => {
      if (name === null) throw { status: 400, reason: 'required', message: 'Required' } satisfies Refusal;
      return { bucket, name, match: condition === null ? undefined : Number(condition) };
    };
    switch (query.get('uploadType')) {
      case 'media':
        return json(response, create(target(query.get('name')), body));
      case 'multipart': {
        const [metadata, content] = partsOf(request.headers['content-type'] ?? '', body);
        if (metadata === undefined || content === undefined)
          throw { status: 400, reason: 'badRequest', message: 'Malformed multipart body.' } satisfies Refusal;
        const { name, md5Hash } = JSON.parse(metadata.toString()) as Metadata;
        const found = createHash('md5').update(content).digest('base64');
        if (md5Hash !== undefined && md5Hash !== found)
          throw {
            status: 400,
            reason: 'invalid',
            message: `Provided MD5 hash "${md5Hash}" doesn't match calculated MD5 hash "${found}".`,
          } satisfies Refusal;
        return json(response, create(target(query.get('name') ?? name ?? null), content));
      }
      case 'resumable': {
        const upload = `upload-${uploads.size}`;
        const { name } = JSON.parse(body.toString() || '{}') as { readonly name?: string };
        uploads.set(upload, {
          target: target(query.get('name') ?? name ?? null),
          bytes: Buffer.alloc(0),
          create,
        });
        const location = `${fake.endpoint}${url.pathname}?uploadType=resumable&upload_id=${upload}`;
        response.writeHead(200, { location }).end();
        return;
      }
      default:
        throw { status: 400, reason: 'invalid', message: 'Invalid uploadType' } satisfies Refusal;
    }
  }

  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response).catch((error: unknown) => refuseWith(response, error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const fake: GcsFake = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    bucket: (name) => void buckets.set(name, new Map()),
    place: (bucket, name, bytes) => void store(bucket, name, Buffer.from(bytes)),
    refuse: () => undefined,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  return fake;
}

interface Metadata {
  readonly name?: string;
  readonly md5Hash?: string;
}

interface Target {
  readonly bucket: string;
  readonly name: string;
  readonly match: number | undefined;
}

interface Upload {
  readonly target: Target;
  bytes: Buffer;
  readonly create: (target: Target, bytes: Buffer) => object;
}

/** `bytes 0-9/20`, `bytes 0-9/*`; `bytes 0-*\/*` goes to the end of the body; `bytes *\/20` asks how far it has come. */
const CONTENT_RANGE = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/;

function resume(
  upload: Upload | undefined,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): void {
  if (upload === undefined) throw { status: 404, reason: 'notFound', message: 'Not Found' } satisfies Refusal;
  const range = CONTENT_RANGE.exec(request.headers['content-range'] ?? 'bytes 0-*/*');
  if (range === null || (range[1] !== undefined && Number(range[1]) !== upload.bytes.length))
    throw { status: 400, reason: 'invalid', message: 'Invalid request' } satisfies Refusal;
  const [, first, last, total] = range;
  if (first !== undefined) upload.bytes = Buffer.concat([upload.bytes, body]);
  if (last === '*' || total === String(upload.bytes.length))
    return json(response, upload.create(upload.target, upload.bytes));
  upload.bytes = upload.bytes.subarray(0, upload.bytes.length - (upload.bytes.length % QUANTUM));
  const kept = upload.bytes.length === 0 ? {} : { range: `bytes=0-${upload.bytes.length - 1}` };
  response.writeHead(308, kept).end();
}

function listing(bucket: string, objects: ReadonlyMap<string, FakeObject>, query: URLSearchParams): object {
  const prefix = query.get('prefix') ?? '';
  const start = query.get('startOffset') ?? '';
  const after = Buffer.from(query.get('pageToken') ?? '', 'base64').toString();
  const size = Math.min(PAGE, Number(query.get('maxResults') ?? PAGE));
  const names = [...objects.keys()]
    .filter((name) => name.startsWith(prefix) && compare(name, start) >= 0 && compare(name, after) > 0)
    .sort(compare);
  const page = names.slice(0, size);
  return {
    kind: 'storage#objects',
    // Like the service: no list at all when there is nothing in it.
    ...(page.length > 0 && { items: page.map((name) => metadataOf(bucket, name, objects.get(name)!)) }),
    ...(names.length > size && { nextPageToken: Buffer.from(page.at(-1)!).toString('base64') }),
  };
}

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function metadataOf(bucket: string, name: string, { bytes, generation }: FakeObject): object {
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    name,
    bucket,
    generation: String(generation),
    metageneration: '1',
    contentType: 'application/octet-stream',
    size: String(bytes.length),
  };
}

function send(response: ServerResponse, { bytes, generation }: FakeObject, range: string | undefined): void {
  const headers = { 'content-type': 'application/octet-stream', 'x-goog-generation': generation };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === undefined) {
    response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes);
    return;
  }
  if (Number(first) >= bytes.length) {
    response
      .writeHead(416, { 'content-range': `bytes */${bytes.length}` })
      .end('The requested range cannot be satisfied.');
    return;
  }
  const end = Math.min(last === '' ? Infinity : Number(last), bytes.length - 1);
  const part = bytes.subarray(Number(first), end + 1);
  const content = { 'content-length': part.length, 'content-range': `bytes ${first}-${end}/${bytes.length}` };
  response.writeHead(206, { ...headers, ...content }).end(part);
}

const noBucket: Refusal = {
  status: 404,
  reason: 'notFound',
  message: 'The specified bucket does not exist.',
};
const conditionNotMet: Refusal = {
  status: 412,
  reason: 'conditionNotMet',
  message: 'At least one of the pre-conditions you specified did not hold.',
};

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(value));
}

function refuseWith(response: ServerResponse, error: unknown): void {
  const known = typeof error === 'object' && error !== null && 'status' in error;
  const {
    status,
    reason,
    message = reason,
  } = known ? (error as Refusal) : { status: 500, reason: 'backendError' };
  const text = JSON.stringify({
    error: { code: status, message, errors: [{ domain: 'global', reason, message }] },
  });
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(text);
}

/** An upload whose sender goes away was never made. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
