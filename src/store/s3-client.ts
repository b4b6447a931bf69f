/** The client of the SDK, as we want it. */

import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';

import { systemError } from '../base/index.ts';
import { checkEndpoint } from './endpoint.ts';
import { deleteCommand, putCommand } from './s3-put.ts';

export interface S3Place {
  readonly bucket: string;
  /** In front of each name; a `/` is put between, if it does not end with one. */
  readonly prefix?: string;
  /** Absent: what the environment and ~/.aws/config say. */
  readonly region?: string | undefined;
  /** A URL; absent: Amazon's. */
  readonly endpoint?: string | undefined;
  /** The bucket stands in the path and not in the name of the host. */
  readonly forcePathStyle?: boolean;
  /** A PEM file of authorities that are trusted, and nobody else. */
  readonly caFile?: string | undefined;
  /** For tests; otherwise the SDK looks where all tools look. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Named one by one: of the other hundred operations nothing gets into the bundle. */
const SDK = { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand };

export interface S3Tools {
  readonly sdk: typeof SDK;
  readonly client: S3Client;
  readonly putCommand: typeof putCommand;
  readonly deleteCommand: typeof deleteCommand;
}

/** Connections to one service. More requests wait for one of them. */
const CONNECTIONS = 64;
/** Milliseconds. */
const CONNECT_TIMEOUT = 10_000;
/** Where there is an endpoint of its own there is mostly one region, and any name is good for it. */
const ANY_REGION = 'us-east-1';

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** @throws not_found, unreadable for a `caFile` that is not there; bad_input for an endpoint that is no URL */
export async function s3Tools(place: S3Place): Promise<S3Tools> {
  const { endpoint, credentials, forcePathStyle = false } = place;
  checkEndpoint(endpoint);
  const ca = await authorities(place.caFile);
  const agent = { keepAlive: true, maxSockets: CONNECTIONS };
  const region =
    place.region ?? (endpoint === undefined ? undefined : process.env['AWS_REGION'] || ANY_REGION);
  const config: S3ClientConfig = {
    // `retrying` does that, by one budget for all stores.
    maxAttempts: 1,
    // What goes wrong is thrown. The SDK would also print some of it.
    logger: SILENT,
    // Amazon's additional checksums are not known to all services, and every object carries proof of its bytes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It costs a round trip for each pack, to learn before sending it that its name is taken. No name is.
    expectContinueHeader: false,
    followRegionRedirects: false,
    forcePathStyle,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT,
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent(ca === undefined ? agent : { ...agent, ca }),
    },
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  };
  const client = new S3Client(config);
  return { sdk: SDK, client, putCommand, deleteCommand };
}

async function authorities(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw systemError(error, `read the certificates in ${file}`);
  }
}
