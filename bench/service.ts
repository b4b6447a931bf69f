/** A service of one round: a gateway of its own with a bucket for each peer, and a proxy in front of it. */

import { startRadosgw } from '../src/testing/radosgw.ts';
import type { Operation, Peer } from './peers.ts';
import { startProxy } from './proxy.ts';
import type { Traffic } from './proxy.ts';

/** Milliseconds that each request takes longer in the `far` rows. */
const FAR = 50;

export interface Service extends AsyncDisposable {
  /** What the commands of a peer see for an operation. Until the next call the line is as that wants it. */
  environment(peer: string, operation: Operation): NodeJS.ProcessEnv;
  /** What has gone through the proxy since the last call; undefined where it does not stand between. */
  traffic(): Traffic | undefined;
}

export interface ServiceOptions {
  /** `memstore` keeps at most 4 GiB, in memory; `bluestore` 10 GiB, on the disk. */
  readonly kind: 'memstore' | 'bluestore';
  /** For what the gateway keeps on the disk. */
  readonly work: string;
  readonly peers: readonly Peer[];
  /** Everything goes through the proxy. Else only what needs it: it takes time of the processors. */
  readonly counted: boolean;
}

export async function openService({ kind, work, peers, counted }: ServiceOptions): Promise<Service> {
  await using open = new AsyncDisposableStack();
  const gateway = open.use(await startRadosgw(kind, work));
  const proxy = open.use(await startProxy(gateway.endpoint));
  for (const { name } of peers) await gateway.bucket(name);
  const all = open.move();
  let proxied = false;
  return {
    environment(peer, operation) {
      proxied = counted || operation === 'near' || operation === 'far';
      proxy.latency = operation === 'far' ? FAR : 0;
      const endpoint = proxied ? proxy.endpoint : gateway.endpoint;
      return {
        ENDPOINT: endpoint,
        BUCKET: peer,
        RESTIC_REPOSITORY: `s3:${endpoint}/${peer}`,
        AWS_ACCESS_KEY_ID: gateway.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: gateway.credentials.secretAccessKey,
        AWS_REGION: 'us-east-1',
        // Somebody's own settings are for another service.
        AWS_PROFILE: undefined,
        AWS_SESSION_TOKEN: undefined,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      };
    },
    traffic() {
      const taken = proxy.take();
      return proxied ? taken : undefined;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
