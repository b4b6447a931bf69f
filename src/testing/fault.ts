/** What can go wrong between a client and a service that speaks HTTP. */

/** What a request asks for, by its method and its address. */
export type Operation = 'put' | 'get' | 'look' | 'list' | 'delete';

export const FAULTS = [
  /** The connection is reset before anything of the request is read. */
  'reset',
  /** … when half of the request has come. */
  'reset in request',
  /** … when half of the answer has gone. */
  'reset in answer',
  /** The request is taken, and nothing happens. */
  'stall',
  /** Half of the answer comes, and then nothing. */
  'stall in answer',
  /** The connection is closed in good order in the middle of the answer. */
  'truncated',
  /** The answer lacks its last byte, and says so in its length. */
  'shortened',
  'status 500',
  'status 503',
  /** Status 200, and an error in the body. */
  'error in 200',
  /** It is done, and the connection is reset instead of an answer. */
  'lost answer',
  /** It is done, and the answer is 500. */
  'done and 500',
  /** One bit of the request's body is another one. */
  'corrupt request',
  /** One bit of the answer's body is another one. */
  'corrupt answer',
  /** A listing as it was when it was asked for first. */
  'stale list',
  /** The answer comes at once, and it is done some time later. */
  'late',
] as const;

export type Fault = (typeof FAULTS)[number];

export interface FaultRule {
  /** One of these, each as likely as the others. */
  readonly faults: readonly Fault[];
  /** Of all requests that the rule is for, 0–1. */
  readonly rate: number;
  /** Absent: all. */
  readonly operations?: readonly Operation[] | undefined;
  /** Only one request: the n-th of those that the rule is for, from 1. */
  readonly only?: number;
}

/** What a fault needs of a request to make a difference. @returns undefined: it can happen to any */
export function operationsFor(fault: Fault): readonly Operation[] | undefined {
  if (fault === 'corrupt request') return ['put'];
  if (fault === 'stale list') return ['list'];
  return fault === 'late' ? ['delete'] : undefined;
}

/** Of S3's API, and of Google's JSON API. */
export function operationOf(method: string, address: string): Operation {
  const { pathname, searchParams } = new URL(address, 'http://any');
  if (method === 'PUT' || method === 'POST') return 'put';
  if (method === 'DELETE') return 'delete';
  if (method === 'HEAD') return 'look';
  if (searchParams.has('list-type') || /^\/storage\/v1\/b\/[^/]+\/o$/.test(pathname)) return 'list';
  if (pathname.startsWith('/storage/v1/') && searchParams.get('alt') !== 'media') return 'look';
  return 'get';
}
