/** What is changed in a work tree is not in what its tasks clone: told before anything starts. */

import type { Cancellable } from '../base/index.ts';
import { askDirectory } from './git.ts';
import type { RunSource } from './request.ts';

/** Milliseconds: a warning is worth no more. */
const LIMIT = 10_000;

/** @returns a line for people; undefined: nothing, or nobody knows. @throws unavailable, cancelled */
export async function uncommittedChanges(
  source: RunSource | undefined,
  options: Cancellable = {},
): Promise<string | undefined> {
  const { location, commit } = source ?? {};
  if (location === undefined || commit === undefined || !location.startsWith('/')) return undefined;
  const ask = async (words: readonly string[], environment?: Readonly<Record<string, string>>) => {
    const said = await askDirectory(location, words, { ...options, limit: LIMIT, environment });
    return said.kind === 'said' ? said.text : undefined;
  };
  // Who has asked for another commit does not expect what lies around here.
  if ((await ask(['rev-parse', 'HEAD'])) !== commit) return undefined;
  const settings = await ask(['config', '--show-scope', '--null', '--name-only', '--list']);
  const words = ['status', '--porcelain', '--null', '--ignore-submodules=dirty', '--no-renames'];
  const paths = (await ask(words, withoutFilters(settings ?? '')))?.split('\0').filter((path) => path !== '');
  if (paths === undefined || paths.length === 0) return undefined;
  const many = paths.length === 1 ? '1 path has' : `${paths.length} paths have`;
  return `${many} changes in ${location} that are not committed: what tasks clone is commit ${commit.slice(0, 12)}, without them`;
}

/**
 * The environment in which the work tree's own filters do nothing: `status` would run them, outside of any sandbox, for files whose
 * times have changed. Those of the user stay.
 *
 * @param settings scope and name of each, in turns
 */
function withoutFilters(settings: string): Record<string, string> {
  const parts = settings.split('\0');
  const keys = parts.flatMap((scope, at) => {
    const key = parts[at + 1] ?? '';
    if (at % 2 === 1 || !['local', 'worktree'].includes(scope)) return [];
    return /^filter\..*\.(?:clean|process|required)$/s.test(key) ? [key] : [];
  });
  const named = keys.flatMap((key, at) => [
    [`GIT_CONFIG_KEY_${at}`, key],
    [`GIT_CONFIG_VALUE_${at}`, key.endsWith('.required') ? 'false' : ''],
  ]);
  return { GIT_CONFIG_COUNT: String(keys.length), ...Object.fromEntries(named) };
}
