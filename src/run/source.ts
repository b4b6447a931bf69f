/** What `--source` names, and what git says of it: branch and tag, for conditions. */

import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { StrataError, isStrataError } from '../base/index.ts';
import { askDirectory } from './git.ts';
import { refOfTag } from './pin-source.ts';
import type { RunSource } from './request.ts';

/** Milliseconds: it only reads. */
const LIMIT = 30_000;

export interface SourceOptions {
  /** `DIR|URL[#REF]`; undefined: the git work tree that the run file is in, if it is in one. */
  readonly source: string | undefined;
  /** Absolute. */
  readonly file: string;
  /** Where a relative directory starts. */
  readonly cwd: string;
  /** Said instead of what git says: one of them alone is all that there is. */
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
}

/** @throws not_found if a directory is named that is in no work tree */
export async function resolveSource(options: SourceOptions): Promise<RunSource | undefined> {
  const given = options.source;
  const hash = given === undefined ? -1 : given.lastIndexOf('#');
  const named = given === undefined || hash === -1 ? undefined : given.slice(hash + 1);
  const place = given === undefined ? dirname(options.file) : hash === -1 ? given : given.slice(0, hash);
  const said = { branch: options.branch, tag: options.tag };
  // What is built for a tag is what the tag stands for. A branch may be said of a commit that is only on its way there.
  const ref = named ?? (said.tag === undefined ? undefined : refOfTag(said.tag));
  // A run of a tag is not one of the branch that happens to be checked out, nor the other way round.
  const isSaid = said.branch !== undefined || said.tag !== undefined;
  if (given !== undefined && isUrl(place))
    return { location: place, ref, ...(isSaid ? said : { branch: ref, tag: undefined }) };
  const directory = resolve(options.cwd, place);
  const top = await git(directory, ['rev-parse', '--show-toplevel']);
  if (top === undefined) {
    if (given === undefined) {
      // Conditions are held against what is said, whether there is something to clone or not.
      return isSaid ? { location: undefined, ref: undefined, ...said } : undefined;
    }
    throw new StrataError('not_found', `${directory} is in no git work tree`, {
      hint: 'Give a directory in one, or a URL that git can clone, after --source.',
      details: { source: given },
    });
  }
  if (isSaid) return { location: top, ref, ...said };
  return {
    location: top,
    ref,
    branch: ref ?? (await git(top, ['symbolic-ref', '--quiet', '--short', 'HEAD'])),
    tag: await git(top, ['describe', '--exact-match', '--tags', ref ?? 'HEAD']),
  };
}

/** Anything with a scheme, and `host:path` as ssh has it, unless it is there as a directory. */
function isUrl(text: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return true;
  return /^[^/]+:/.test(text) && statSync(text, { throwIfNoEntry: false }) === undefined;
}

async function git(directory: string, words: readonly string[]): Promise<string | undefined> {
  try {
    const said = await askDirectory(directory, words, { limit: LIMIT });
    return said.kind === 'said' && said.text !== '' ? said.text : undefined;
  } catch (error) {
    if (!isStrataError(error) || error.code !== 'unavailable') throw error;
    // No work tree, no such branch, or no git: what it would have said is not known.
    return undefined;
  }
}
