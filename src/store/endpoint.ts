/** URLs of services, as somebody writes them. */

import { StrataError } from '../base/index.ts';

/** @throws bad_input. It is not shown: somebody may have put a password into it */
export function checkEndpoint(endpoint: string | undefined): void {
  const flaw = endpoint === undefined ? undefined : endpointFlaw(endpoint);
  if (flaw !== undefined) throw new StrataError('bad_input', `the endpoint ${flaw}`);
}

/** @returns what is wrong with it, as the end of a sentence that starts with it */
export function endpointFlaw(endpoint: string): string | undefined {
  const url = URL.parse(endpoint);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return 'is no URL of a service: it is like https://s3.example.org or http://127.0.0.1:7480';
  if (url.username !== '' || url.password !== '')
    return 'must not have credentials in it: they come from the environment, as for other tools of the provider';
  return undefined;
}
