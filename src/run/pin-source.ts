/** The commit that a run is of: found once, before anything starts, so that all its tasks, and its restarts, clone the same. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { matches } from '../plan/index.ts';
import type { RunDefinition } from '../plan/index.ts';
import { askDirectory, askGit } from './git.ts';
import type { GitAnswer } from './git.ts';
import { whenSource } from './request.ts';
import type { RunSource } from './request.ts';

/** Milliseconds that a source has to say which commits it has: less than git itself would wait for a host that is gone. */
const LIMIT = 60_000;

/** A whole name of a commit: SHA-1 or SHA-256. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * The source with its commit. As it was, if no task would clone it, or if it has one.
 *
 * @throws bad_input if there is nothing to clone; not_found if there is no such commit; unavailable if the source cannot be reached; cancelled
 */
export async function pinSource(
  source: RunSource | undefined,
  definition: RunDefinition,
  options: Cancellable = {},
): Promise<RunSource | undefined> {
  if (source?.commit !== undefined || !clones(definition, source)) return source;
  return { ...nothingMissing(source), commit: await resolveCommit(source, options) };
}

function clones({ tasks }: RunDefinition, source: RunSource | undefined): boolean {
  const of = whenSource(source);
  return tasks.some(
    ({ when, steps }) =>
      matches(when, of) && steps.some((step) => step.kind === 'clone' && matches(step.when, of)),
  );
}

/** @throws bad_input without a location */
function nothingMissing(source: RunSource | undefined): RunSource & { readonly location: string } {
  const { location } = source ?? {};
  if (source !== undefined && location !== undefined) return { ...source, location };
  throw new StrataError('bad_input', 'there is nothing to clone: the run file is not in a git work tree', {
    hint: 'Name a source: `strata runs start FILE --source DIR|URL[#REF]`.',
  });
}

/** @returns all digits of its name. @throws as `pinSource` */
export async function resolveCommit(source: RunSource | undefined, options: Cancellable): Promise<string> {
  const { location, ref } = nothingMissing(source);
  const limited = { ...options, limit: LIMIT };
  if (location.startsWith('/')) {
    const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref ?? 'HEAD'}^{commit}`];
    const said = await askDirectory(location, words, limited);
    if (said.kind === 'said' && COMMIT.test(said.text)) return said.text;
    throw said.kind === 'refused' && said.why === '' ? noSuchCommit(source!) : unreachable(source!, said);
  }
  const said = await askGit(['ls-remote', '--', location, ...namesOf(ref)], limited);
  if (said.kind !== 'said') throw unreachable(source!, said);
  // No server tells whether it has a commit that no name stands for: the clone will.
  if (ref !== undefined && COMMIT.test(ref)) return ref;
  const listed = new Map(
    said.text.split('\n').map((line) => line.split('\t').toReversed() as [string, string]),
  );
  const found = namesOf(ref).flatMap((name) => listed.get(name) ?? [])[0];
  if (found === undefined || !COMMIT.test(found)) throw noSuchCommit(source!);
  return found;
}

/** What `ref` can stand for, as git looks for it; of an annotated tag first the commit. */
function namesOf(ref: string | undefined): readonly string[] {
  if (ref === undefined || ref === 'HEAD' || COMMIT.test(ref)) return ['HEAD'];
  const names = [
    ...(ref.startsWith('refs/') ? [ref] : []),
    `refs/${ref}`,
    `refs/tags/${ref}`,
    `refs/heads/${ref}`,
  ];
  return names.flatMap((name) => [`${name}^{}`, name]);
}

/** Where the source is, without what only its owner may know. */
export function shownLocation(location: string): string {
  return location
    .replace(/^(https?:\/\/)[^/@]*@/i, '$1***@')
    .replace(/^([a-z][a-z0-9+.-]*:\/\/[^/:@]*):[^/@]*@/i, '$1:***@');
}

function noSuchCommit({ location, ref, tag }: RunSource): StrataError {
  const shown = shownLocation(location!);
  const isOfTag = tag !== undefined && ref === refOfTag(tag);
  const what = isOfTag ? `tag ${tag}` : ref === undefined ? 'commit' : `branch, tag or commit ${ref}`;
  return new StrataError('not_found', `${shown} has no ${what}`, {
    hint: isOfTag
      ? 'A run of a tag clones it. `--source DIR|URL#REF` names something else to clone.'
      : location!.startsWith('/')
        ? 'What follows # in --source names it; without # it is HEAD.'
        : 'What follows # in --source names a branch, a tag, or a commit by all its digits; without # it is HEAD.',
    details: { source: shown, ref: ref ?? null },
  });
}

/** What is cloned for a run of a tag, unless something else is named. */
export function refOfTag(tag: string): string {
  return `refs/tags/${tag}`;
}

function unreachable({ location }: RunSource, said: GitAnswer): StrataError {
  const shown = shownLocation(location!);
  const why =
    said.kind === 'late'
      ? `it has not answered within ${LIMIT / 1000} s`
      : said.kind === 'refused'
        ? said.why.replaceAll(location!, shown)
        : 'git has named no commit';
  return new StrataError('unavailable', `the source ${shown} cannot be read: ${why}`, {
    hint: 'Nothing was started. `git ls-remote` on it shows whether git gets there.',
    details: { source: shown },
  });
}
