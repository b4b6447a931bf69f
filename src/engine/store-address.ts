/** How people name the place of a store on a command line: a directory, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`. */

import { resolve } from 'node:path';

import { StrataError } from '../base/index.ts';
import { checkEndpoint } from '../store/index.ts';
import { PLACE } from './config-place.ts';
import type { PlaceValues } from './config-place.ts';

/** What an address of a bucket leaves open. */
export interface AddressOptions {
  readonly endpoint?: string | undefined;
  /** Only of S3. */
  readonly region?: string | undefined;
  /** Only of S3. A path. */
  readonly caFile?: string | undefined;
}

/** What a configuration file would say of it: keys as there, none that was not given. Paths are absolute. */
export type Address = Pick<PlaceValues, 'provider'> & Partial<PlaceValues>;

/** @throws bad_input */
export function parseAddress(address: string, options: AddressOptions, cwd: string): Address {
  const [, scheme, bucket = '', prefix = ''] = /^([a-z0-9+.-]+):\/\/([^/]*)\/?(.*)$/s.exec(address) ?? [];
  const { endpoint, region, caFile } = options;
  checkEndpoint(endpoint);
  if (scheme === undefined) {
    const [extra] = given({ endpoint, 'bucket-region': region, 'ca-file': caFile });
    if (extra !== undefined) throw misplaced(extra, 'a directory');
    return { provider: 'local', local: { path: resolve(cwd, address) } };
  }
  if ((scheme !== 's3' && scheme !== 'gs') || bucket === '')
    throw new StrataError('bad_input', `${JSON.stringify(address)} is no address of a store`, {
      hint: 'It is a directory, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX.',
    });
  const place = { bucket, ...(prefix !== '' && { prefix }), ...(endpoint !== undefined && { endpoint }) };
  if (scheme === 's3')
    return {
      provider: 's3',
      s3: {
        ...place,
        ...(region !== undefined && { region }),
        ...(caFile !== undefined && { ca_file: resolve(cwd, caFile) }),
      },
    };
  const [extra] = given({ 'bucket-region': region, 'ca-file': caFile });
  if (extra !== undefined) throw misplaced(extra, 'a bucket of Google Cloud Storage');
  return { provider: 'gcs', gcs: place };
}

/** The `storage` section that says it. */
export function addressYaml({ provider, ...sections }: Address): string {
  const lines = [`storage:`, `  provider: ${provider}`];
  for (const [section, keys] of Object.entries(PLACE)) {
    const values: Readonly<Record<string, unknown>> | undefined = sections[section as keyof typeof sections];
    if (typeof keys === 'function' || values === undefined) continue;
    lines.push(`  ${section}:`);
    // JSON is YAML, and has a way to write any text.
    for (const [key, value] of Object.entries(values)) lines.push(`    ${key}: ${JSON.stringify(value)}`);
  }
  return `${lines.join('\n')}\n`;
}

function given(flags: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([flag]) => flag);
}

function misplaced(flag: string, what: string): StrataError {
  return new StrataError('bad_input', `--${flag} means nothing for ${what}`, { hint: 'Leave it out.' });
}
