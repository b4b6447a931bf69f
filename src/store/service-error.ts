/** What goes wrong with a service, in the words that all stores of that kind share. */

import { StrataError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';
import { Stalled } from './watch.ts';

/** What was being done when a service failed: `write object heads/1/1 to S3 bucket b`. */
export interface Doing {
  readonly label: string;
  readonly verb: 'write' | 'read' | 'look at' | 'delete' | 'list';
  readonly object?: string | undefined;
}

/** What a service said, or what became of the question. */
export interface Complaint {
  readonly code: ErrorCode;
  /** Ends the sentence `cannot write … to …: `. */
  readonly reason: string;
  readonly hint?: string | undefined;
  /** Another try may go better. */
  readonly temporary?: boolean;
  /** Of the answer, for whoever asks the operator of the service. Never more of it: it may have a signature in it. */
  readonly answer?: { readonly status?: number; readonly code?: string; readonly request?: string };
}

const PREPOSITIONS = { write: 'to', read: 'from', 'look at': 'of', delete: 'from', list: '' } as const;

export function serviceError({ label, verb, object }: Doing, complaint: Complaint): StrataError {
  const what =
    object === undefined ? `${verb} ${label}` : `${verb} object ${object} ${PREPOSITIONS[verb]} ${label}`;
  const { code, reason, hint, temporary = false, answer } = complaint;
  return new StrataError(code, `cannot ${what}: ${reason}`, {
    hint,
    details: {
      store: label,
      operation: verb,
      ...(object !== undefined && { object }),
      temporary,
      ...(answer !== undefined && { answer }),
    },
  });
}

/** Whether the same call may succeed a moment later, with nobody having done anything. */
export function isTemporary(error: unknown): error is StrataError {
  return error instanceof StrataError && error.code === 'unavailable' && error.details['temporary'] === true;
}

export const NETWORK_HINT =
  'Check the network and the service, then run the command again: nothing was half done.';

export function silence(stalled: Stalled): Complaint {
  return { code: 'unavailable', reason: stalled.message, hint: NETWORK_HINT, temporary: true };
}

/** Thrown where an answer is looked at that cannot be true; the store puts its name to it. */
export class Garbled extends Error {
  override readonly name = 'Garbled';
}

/** An answer that ended early, or that makes no sense. */
export function garbled(reason: string): Complaint {
  return { code: 'unavailable', reason, hint: NETWORK_HINT, temporary: true };
}

/** What TLS says about who answers; nothing gets better by asking again. */
const CERTIFICATES =
  /^(?:CERT_|ERR_TLS_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(?:VERIFY|GET)|HOSTNAME_MISMATCH|ERR_SSL)/;

/** What OpenSSL says of an answer that is none of TLS. */
const NO_TLS = /wrong version number|packet length too long|http request|tlsany_meth|record layer failure/i;

/** What the network says. @returns undefined for an error that is not of the network */
export function networkComplaint(error: unknown): Complaint | undefined {
  if (error instanceof Stalled) return silence(error);
  if (error instanceof Garbled) return garbled(error.message);
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = error.message === '' ? code : error.message;
  if (NO_TLS.test(reason))
    return {
      code: 'refused',
      reason: 'what answers there speaks no TLS',
      hint: 'Check the endpoint: is it http:// and not https://, or another port?',
    };
  if (CERTIFICATES.test(code) || code === 'EPROTO')
    return {
      code: 'refused',
      reason: `its certificate is not trusted (${reason})`,
      hint: 'Check the endpoint; name the certificate of an authority of your own by `ca_file`.',
    };
  if (code === 'ENOTFOUND')
    return { code: 'unavailable', reason, hint: 'Check the name of the host in the endpoint.' };
  // A line or a length that is none of HTTP, as Node's parser says.
  if (code.startsWith('HPE_')) return garbled(`its answer makes no sense (${reason})`);
  if (/^(?:E[A-Z]+|EAI_AGAIN|ECONN\w+|UND_ERR_\w+)$/.test(code) || TIMEOUTS.has(error.name))
    return { code: 'unavailable', reason, hint: NETWORK_HINT, temporary: true };
  return undefined;
}

const TIMEOUTS: ReadonlySet<string> = new Set(['TimeoutError', 'RequestTimeout', 'RequestTimeoutException']);

/** What an HTTP status says, where the service says no more. */
export function statusComplaint(status: number, reason: string): Complaint {
  const temporary = status >= 500 || status === 408 || status === 429;
  return {
    code: 'unavailable',
    reason,
    temporary,
    hint: temporary
      ? NETWORK_HINT
      : 'Check that the endpoint is that of the service, and not of something before it.',
  };
}
