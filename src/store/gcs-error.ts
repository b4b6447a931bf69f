/** What Google's service and its client say, and what it means for whoever runs Strata. */

import { garbled, networkComplaint, statusComplaint } from './service-error.ts';
import type { Complaint, Doing } from './service-error.ts';

/** What of an error of the client we look at. */
export interface GcsAnswer {
  readonly status: number;
  /** Google's word for it: `notFound`, `forbidden`, `rateLimitExceeded`. */
  readonly reason: string | undefined;
}

const CREDENTIALS_HINT =
  'Check the credentials: $GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or the service account of this machine.';

/** What the library for credentials throws; none of it has a status of the service. */
const NO_CREDENTIALS =
  /could not (?:load|refresh) the default credentials|invalid_grant|invalid_rapt|unauthorized_client|ENOENT.*credentials/i;
/** Credentials are signed with the time; Google refuses those from the past or the future. */
const WRONG_CLOCK = /check your iat and exp values|short-lived token/i;

/** What the service says to bytes that are not those of their sum. */
const OTHER_BYTES = /doesn't match calculated MD5 hash/i;

const RATE_LIMITS: ReadonlySet<string | undefined> = new Set(['rateLimitExceeded', 'userRateLimitExceeded']);

const PERMISSIONS = {
  write: 'storage.objects.create',
  read: 'storage.objects.get',
  'look at': 'storage.objects.get',
  delete: 'storage.objects.delete',
  list: 'storage.objects.list',
} as const;

export function gcsComplaint(error: unknown, { verb }: Doing): Complaint | undefined {
  const words = error instanceof Error ? error.message : '';
  if (WRONG_CLOCK.test(words))
    return {
      code: 'unavailable',
      reason: 'the clock of this machine is wrong, says the service',
      hint: 'Set the clock of this machine.',
    };
  if (NO_CREDENTIALS.test(words))
    return { code: 'refused', reason: 'there are no credentials that are good', hint: CREDENTIALS_HINT };
  if (OTHER_BYTES.test(words)) return garbled('the request was damaged on its way');
  const answer = gcsAnswer(error);
  if (answer === undefined)
    return networkComplaint(error) ?? (isGarble(error) ? garbled('its answer makes no sense') : undefined);
  return {
    ...meaningOf(answer, verb),
    answer: { status: answer.status, ...(answer.reason && { code: answer.reason }) },
  };
}

export const noSuchBucket: Complaint = {
  code: 'unavailable',
  reason: 'there is no such bucket',
  hint: 'Check `storage.gcs.bucket`, or make the bucket: Strata makes none.',
};

function meaningOf({ status, reason }: GcsAnswer, verb: Doing['verb']): Complaint {
  const coded = reason === undefined ? '' : ` (${reason})`;
  if (RATE_LIMITS.has(reason)) return { ...statusComplaint(429, `the service is too busy${coded}`) };
  if (status === 401)
    return { code: 'refused', reason: `the credentials are refused${coded}`, hint: CREDENTIALS_HINT };
  if (status === 403)
    return {
      code: verb === 'write' || verb === 'delete' ? 'read_only' : 'unreadable',
      reason: `access is denied${coded}`,
      hint: `The credentials are good, and may not do this: they need ${PERMISSIONS[verb]} on the bucket.`,
    };
  if (status === 404) return noSuchBucket;
  if (status < 300) return garbled('its answer makes no sense');
  return statusComplaint(status, `it answers ${status}${coded}`);
}

/** What the service said, if `error` comes from it. */
export function gcsAnswer(error: unknown): GcsAnswer | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const status = Number(error.code);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const { errors } = error as { readonly errors?: Errors };
  const reason = (errors?.[0] ?? errorsIn(error.message)?.[0])?.reason;
  return { status, reason: typeof reason === 'string' && /^\w{1,50}$/.test(reason) ? reason : undefined };
}

type Errors = readonly { readonly reason?: unknown }[];

/** Of a read the client gives the whole answer as its message. */
function errorsIn(message: string): Errors | undefined {
  try {
    const answer = JSON.parse(message) as { readonly error?: { readonly errors?: unknown } };
    const errors = answer.error?.errors;
    return Array.isArray(errors) ? (errors as Errors) : undefined;
  } catch {
    return undefined;
  }
}

/** What the client throws when an answer is no JSON, or no answer of this service. */
function isGarble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error instanceof SyntaxError ||
    /invalid json|Unexpected token|Cannot parse|premature close/i.test(error.message)
  );
}
