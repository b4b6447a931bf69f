/** Those of the peers that keep what they save on an S3 service, as they are set up for it. */

import { peers } from './peers.ts';
import type { Peer } from './peers.ts';

const YAML = String.raw`storage:\n  provider: s3\n  s3:\n    endpoint: %s\n    bucket: %s\n`;

/**
 * Besides what all commands see, there are `$ENDPOINT` and `$BUCKET`, and credentials where each program looks for them. In `$STORE`
 * nothing is stored.
 *
 * @param program where `bin/strata` is
 */
export function servicePeers(program: string): readonly Peer[] {
  return peers(program).flatMap((peer) => {
    if (peer.name === 'strata')
      return {
        ...peer,
        settings: 'as it comes, with a `strata.yaml` that names endpoint and bucket',
        // Each time: the endpoint is another one when there is a proxy.
        before: `printf '${YAML}' "$ENDPOINT" "$BUCKET" >"$CACHE/strata.yaml"`,
        cold: 'rm -rf "$CACHE/cache/objects"',
      };
    if (peer.name === 'restic')
      return { ...peer, settings: 'its backend `s3` as it comes; format 2, compression auto; encrypted' };
    return [];
  });
}
