/** What S3 services say, and what it means for whoever runs Strata. */

import type { ErrorCode } from '../base/index.ts';
import { NETWORK_HINT, garbled, networkComplaint, statusComplaint } from './service-error.ts';
import type { Complaint, Doing } from './service-error.ts';

/** What of an error of the SDK we look at. */
export interface S3Answer {
  readonly status: number | undefined;
  readonly code: string;
  readonly request: string | undefined;
  /** Where the bucket is, if the service tells. */
  readonly region: string | undefined;
}

const CREDENTIALS_HINT =
  'Check the credentials: $AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY, $AWS_PROFILE in ~/.aws/credentials, or the role of this machine.';
const REGION_HINT = 'Set `storage.s3.region` to the region of the bucket.';

interface Meaning {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly hint?: string;
  readonly temporary?: boolean;
}

const CREDENTIALS: Meaning = {
  code: 'refused',
  reason: 'the credentials are refused',
  hint: CREDENTIALS_HINT,
};
const REGION: Meaning = { code: 'bad_input', reason: 'the bucket is in another region', hint: REGION_HINT };
const BROKEN: Meaning = {
  code: 'unavailable',
  reason: 'the request was damaged on its way',
  hint: NETWORK_HINT,
  temporary: true,
};
const MEETING: Meaning = {
  code: 'unavailable',
  reason: 'another request for the same object is under way',
  hint: NETWORK_HINT,
  temporary: true,
};
const BUSY: Meaning = {
  code: 'unavailable',
  reason: 'the service is too busy',
  hint: NETWORK_HINT,
  temporary: true,
};

/** The names are those of Amazon's list of error codes; others are judged by the status. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  ExpiredToken: { ...CREDENTIALS, reason: 'the credentials have expired' },
  TokenRefreshRequired: { ...CREDENTIALS, reason: 'the credentials have expired' },
  CredentialsProviderError: { ...CREDENTIALS, reason: 'there are no credentials' },
  TokenProviderError: { ...CREDENTIALS, reason: 'there are no credentials' },
  NoSuchBucket: {
    code: 'unavailable',
    reason: 'there is no such bucket',
    hint: 'Check `storage.s3.bucket` and the endpoint, or make the bucket: Strata makes none.',
  },
  InvalidBucketName: {
    code: 'bad_input',
    reason: 'the service takes no bucket of that name',
    hint: 'Check `storage.s3.bucket`.',
  },
  PermanentRedirect: REGION,
  TemporaryRedirect: REGION,
  Redirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
  // The SDK has read the time of the service from the answer, and goes by it from now on.
  RequestTimeTooSkewed: {
    code: 'unavailable',
    reason: 'the clock of this machine is wrong, says the service',
    hint: 'Set the clock of this machine.',
    temporary: true,
  },
  QuotaExceeded: {
    code: 'disk_full',
    reason: 'the quota is used up',
    hint: 'Free some space, or raise the quota.',
  },
  BadDigest: BROKEN,
  IncompleteBody: BROKEN,
  XAmzContentSHA256Mismatch: BROKEN,
  RequestTimeout: BROKEN,
  ConditionalRequestConflict: MEETING,
  OperationAborted: MEETING,
  SlowDown: BUSY,
  RequestLimitExceeded: BUSY,
  Throttling: BUSY,
  ThrottlingException: BUSY,
};

export function s3Complaint(error: unknown, doing: Doing): Complaint | undefined {
  const answer = s3Answer(error);
  const meaning = answer && MEANINGS[answer.code];
  if (meaning !== undefined) {
    const { region } = answer!;
    const hint =
      meaning === REGION && region !== undefined ? `Set \`storage.s3.region: ${region}\`.` : meaning.hint;
    return { ...meaning, reason: `${meaning.reason}${coded(answer!)}`, hint, answer: shown(answer!) };
  }
  if (answer?.status !== undefined) return { ...byStatus(answer, doing), answer: shown(answer) };
  if (error instanceof Error && error.message.startsWith('Region is missing'))
    return { code: 'bad_input', reason: 'no region is set', hint: REGION_HINT };
  return networkComplaint(error);
}

function byStatus(answer: S3Answer, { verb }: Doing): Complaint {
  const { status = 0 } = answer;
  if (status === 403) {
    const writes = verb === 'write' || verb === 'delete';
    return {
      code: writes ? 'read_only' : 'unreadable',
      reason: `access is denied${coded(answer)}`,
      hint: `The credentials are good, and may not do this: they need ${PERMISSIONS[verb]} on the bucket.`,
    };
  }
  if (status === 507)
    return {
      code: 'disk_full',
      reason: 'the service has no room',
      hint: 'Make room there, then run the command again.',
    };
  // Services say why they refuse; where nothing is said, the answer was cut off, or is somebody else's.
  if ((status === 400 || status === 404) && coded(answer) === '')
    return { ...statusComplaint(status, `it answers ${status} and does not say why`), temporary: true };
  // What says yes and cannot be read was spoilt on its way, or comes from somebody else.
  if (status < 300) return garbled('its answer makes no sense');
  if (status < 400) return { ...REGION };
  return statusComplaint(status, `it answers ${status}${coded(answer)}`);
}

const PERMISSIONS = {
  write: 's3:PutObject',
  read: 's3:GetObject',
  'look at': 's3:GetObject',
  delete: 's3:DeleteObject',
  list: 's3:ListBucket',
} as const;

/** What the service said, if `error` comes from it. */
export function s3Answer(error: unknown): S3Answer | undefined {
  if (!(error instanceof Error)) return undefined;
  const { $metadata, $response, Region, Code } = error as S3ServiceError;
  const known = MEANINGS[error.name] !== undefined;
  if (typeof $metadata?.httpStatusCode !== 'number' && !known) return undefined;
  const region = text(Region) ?? text($response?.headers?.['x-amz-bucket-region']);
  return {
    status: $metadata?.httpStatusCode,
    code: text(Code) ?? text(error.name) ?? 'unknown',
    request: text($metadata?.requestId),
    region,
  };
}

interface S3ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: unknown };
  readonly $response?: { readonly headers?: Readonly<Record<string, unknown>> };
  readonly Region?: unknown;
  readonly Code?: unknown;
}

/** A short word; whatever else a service sends is not repeated to anybody. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,100}$/.test(value) ? value : undefined;
}

const coded = ({ code }: S3Answer) => (NO_CODES.has(code) ? '' : ` (${code})`);
/** What the SDK calls an answer to HEAD, which has no body to say more. */
const NO_CODES: ReadonlySet<string> = new Set(['Unknown', 'UnknownError', 'NotFound', 'unknown', 'Error']);

function shown({ status, code, request }: S3Answer): NonNullable<Complaint['answer']> {
  return { ...(status !== undefined && { status }), code, ...(request !== undefined && { request }) };
}
