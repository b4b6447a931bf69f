/** The words of `podman run` for what a task says of a container. All of that was written by somebody else, so each part is checked. */

import { posix } from 'node:path';

import { StrataError, isBelow } from '../base/index.ts';
import { SHOWN_HOME } from './environment.ts';
import type { ContainerSpec, ShownDirectory } from './executor.ts';
import { refusal } from './shown.ts';

export const PLACE_LABEL = 'strata.place';
/** In what it is told of a volume, podman splits there. */
export const SPLITTING = /[:,\n]/;
const WITHOUT_SPLITTING = 'Give a path without colons, commas and line breaks.';
const WAITING_PROGRAM = '/.strata-init';

/** `[host[:port]/]name[/name…][:tag][@digest]`; nothing that starts with `-`, and no path. */
const IMAGE = /^[a-z0-9][\w.-]*(?::\d+(?=\/))?(?:\/[\w.-]+)*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?$/i;
/** Where podman takes the first word for a way to read files of this machine. */
const TRANSPORT =
  /^(?:containers-storage|dir|docker|docker-archive|docker-daemon|oci|oci-archive|ostree|sif|tarball):/i;
const USER = /^[\w.][\w.-]*(?::[\w.][\w.-]*)?$/;
const TMPFS_PATH = /^\/[^:,\0\n]*$/;

export interface ContainerParts {
  readonly name: string;
  readonly directory: string;
  /** Only in the container that runs commands. */
  readonly shown: readonly ShownDirectory[];
  /** A static program that waits, reaps, and needs nothing of the image. Only for the container that runs commands. */
  readonly waiting: string | undefined;
  /** The container whose network it shares. */
  readonly network: string | undefined;
  readonly environmentFile: string;
  readonly allowPrivileged: boolean;
}

/** @throws bad_input, refused */
export function containerWords(spec: ContainerSpec, parts: ContainerParts): string[] {
  const { name, directory, waiting, network } = parts;
  checkImage(spec.image);
  if (spec.privileged && !parts.allowPrivileged) {
    throw new StrataError('refused', `a container of ${spec.image} wants to be privileged`, {
      hint: 'A privileged container can do all that root can on this machine. Whoever runs this has to allow it.',
      details: { image: spec.image },
    });
  }
  const words = [
    `--name=${name}`,
    `--label=${PLACE_LABEL}=${directory}`,
    '--pull=never',
    // Neither the caller's proxies nor a log that grows on the disk.
    '--http-proxy=false',
    '--log-driver=none',
    `--env-file=${parts.environmentFile}`,
  ];
  if (network !== undefined) words.push(`--network=container:${network}`);
  if (spec.privileged) words.push('--privileged');
  if (spec.user !== undefined) words.push(`--user=${checkUser(spec.user)}`);
  for (const { path, bytes } of spec.tmpfs) {
    const size = bytes === undefined ? '' : `,size=${bytes}`;
    words.push(`--tmpfs=${checkTmpfs(path)}:rw,nosuid,nodev,exec,mode=1777${size}`);
  }
  if (waiting === undefined) {
    if (spec.entrypoint !== undefined) words.push(`--entrypoint=${spec.entrypoint}`);
    return [...words, spec.image];
  }
  words.push(`--volume=${directory}:${SHOWN_HOME}`, `--volume=${waiting}:${WAITING_PROGRAM}:ro`);
  words.push(...parts.shown.map((each) => volume(each, spec)));
  // What an image wants to have for itself inside of what is shown would be lost for whoever shows it, and be made there.
  if (parts.shown.length > 0) words.push('--image-volume=ignore');
  words.push(`--entrypoint=${spec.entrypoint ?? WAITING_PROGRAM}`, spec.image);
  // An entrypoint of the task's gets it as the command to end with.
  if (spec.entrypoint !== undefined) words.push(WAITING_PROGRAM);
  return [...words, '-P'];
}

function volume({ source, at }: ShownDirectory, { tmpfs }: ContainerSpec): string {
  for (const path of [source, at]) {
    if (SPLITTING.test(path)) throw refusal(path, 'podman would split it', WITHOUT_SPLITTING);
  }
  const own = [WAITING_PROGRAM, ...tmpfs.map(({ path }) => posix.normalize(path))];
  const inside = own.find((path) => isBelow(path, at)) ?? (isBelow(at, WAITING_PROGRAM) ? at : undefined);
  if (inside !== undefined)
    throw refusal(at, `the container has something else at ${inside}`, 'Show it somewhere else.');
  return `--volume=${source}:${at}`;
}

export function checkImage(image: string): void {
  if (image.length < 500 && IMAGE.test(image) && !TRANSPORT.test(image)) return;
  throw malformed('image', image, 'As in `docker.io/library/debian:12`.');
}

export function checkUser(user: string): string {
  if (USER.test(user)) return user;
  throw malformed('user', user, 'A name or a number, and after a colon a group.');
}

function checkTmpfs(path: string): string {
  if (TMPFS_PATH.test(path) && !path.split('/').includes('..')) return path;
  throw malformed('path for a tmpfs', path, 'Absolute, without `..`, colons and commas.');
}

function malformed(what: string, value: string, hint: string): StrataError {
  return new StrataError('bad_input', `${JSON.stringify(value.slice(0, 100))} is no ${what}`, { hint });
}

/**
 * What may be pulled for an image, one after the other. A name without a registry is what podman is told to take it for; where it is
 * told nothing, as on Debian, it is an image of docker.io, which is what it means to Docker.
 */
export function namesToPull(image: string): readonly string[] {
  const [first = '', ...rest] = image.split('/');
  const isQualified = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (isQualified) return [image];
  return [image, `docker.io/${rest.length > 0 ? '' : 'library/'}${image}`];
}
