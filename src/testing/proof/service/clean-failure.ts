/** What a failure of a command has to say when the service is to blame. */

import { EXIT_CODES } from '../../../base/index.ts';
import type { StrataError } from '../../../index.ts';
import type { BucketSite } from './bucket-site.ts';

/** Of the table: something is wrong with what is stored, the command does not fit, or the world does not. */
const EXITS: ReadonlySet<number> = new Set([
  EXIT_CODES.integrity,
  EXIT_CODES.refused,
  EXIT_CODES.unavailable,
]);

/**
 * @param names what else it has to name
 * @returns the code
 * @throws unless it says which store or object it was, for how long it tried, and what to do
 */
export function cleanCode(
  { program, provider }: BucketSite,
  error: unknown,
  names: readonly string[] = [],
): string {
  if (!program.library.isStrataError(error)) throw new Error('no typed error', { cause: error });
  const { code, message, hint } = error;
  const bad = (why: string) => new Error(`the failure ${why}: ${code}: ${message}`, { cause: error });
  if (!EXITS.has(EXIT_CODES[code])) throw bad('has an exit code that says something else');
  if (hint === undefined) throw bad('does not say what to do');
  const named = { s3: 'S3 bucket proof', gcs: 'GCS bucket proof' }[provider.name];
  if (!message.includes(named) && !/\b(?:object|pack|segment|head)\b/.test(message))
    throw bad('says neither which store it was nor which object');
  for (const name of names) if (!message.includes(name)) throw bad(`does not name ${name}`);
  if (wasTemporary(error) && !/\(tried (?:once|\d+ times in \d+[smh])\)/.test(message))
    throw bad('does not say how often and for how long it was tried');
  return code;
}

function wasTemporary({ details }: StrataError): boolean {
  return details['temporary'] === true;
}
