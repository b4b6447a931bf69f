/** The source of a run: what is cloned, and what conditions are held against. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { openRunHome, runOf, taskOf } from './run.fixture.ts';
import { resolveSource } from './source.ts';

const AS = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main'];

/** A work tree with two commits, the first of them tagged. */
function workTree(place: string): string {
  const directory = join(place, 'tree');
  mkdirSync(join(directory, 'deep'), { recursive: true });
  const git = (...words: readonly string[]) =>
    execFileSync('git', [...AS, '-C', directory, ...words], { stdio: 'pipe' });
  git('init', '--quiet');
  for (const [text, tag] of [['one', 'v1'], ['two']] as const) {
    writeFileSync(join(directory, 'file'), text);
    git('add', '.');
    git('commit', '--quiet', '-m', text);
    if (tag !== undefined) git('tag', tag);
  }
  return directory;
}

const commitOf = (directory: string, ref: string) =>
  execFileSync('git', ['-C', directory, 'rev-parse', ref], { encoding: 'utf8' }).trim();

describeWith(['git'], 'a source', () => {
  it('[R25] is the work tree of the file, a directory or a URL, with what git says of it', async () => {
    const home = await openRunHome();
    const directory = workTree(home.place);
    const file = join(directory, 'deep', 'ci.yml');
    const of = (source: string | undefined, more = {}) =>
      resolveSource({ source, file, cwd: home.place, ...more });
    const main = { location: directory, ref: undefined, branch: 'main', tag: undefined };
    expect(await of(undefined)).toEqual(main);
    expect(await of('tree')).toEqual(main);
    expect(await of('tree#v1')).toEqual({ location: directory, ref: 'v1', branch: 'v1', tag: 'v1' });
    expect(await of(undefined, { branch: 'other', tag: 't' })).toEqual({
      ...main,
      ref: 'refs/tags/t',
      branch: 'other',
      tag: 't',
    });
    // HEAD is on `main`, and `v1` is a tag: what is said alone is all that conditions see.
    expect(await of(undefined, { tag: 'v2' })).toEqual({
      ...main,
      ref: 'refs/tags/v2',
      branch: undefined,
      tag: 'v2',
    });
    expect(await of('tree#main', { tag: 'v2' })).toMatchObject({ ref: 'main', tag: 'v2' });
    expect(await of(undefined, { branch: 'b' })).toEqual({ ...main, branch: 'b' });
    expect(await of('tree#v1', { branch: 'b' })).toEqual({ ...main, ref: 'v1', branch: 'b' });
    expect(await of('https://example.com/x.git#v1', { tag: 'v1' })).toMatchObject({
      branch: undefined,
      tag: 'v1',
    });
    expect(await of('https://example.com/x.git#dev')).toMatchObject({
      location: 'https://example.com/x.git',
      ref: 'dev',
    });
    await expectCode('not_found', of('nowhere'));
    const outside = { source: undefined, file: home.at('ci.yml'), cwd: home.place };
    expect(await resolveSource(outside)).toBe(undefined);
    expect(await resolveSource({ ...outside, branch: 'main' })).toEqual({ ...main, location: undefined });
  });

  it('[R25] is cloned into the working directory; without one nothing starts', async () => {
    const home = await openRunHome();
    const location = workTree(home.place);
    const file = runOf('{ name: t, steps: [clone, { run: cat file }] }');
    const source = { location, ref: undefined, branch: 'main', tag: undefined };
    const latest = await home.start(file, { source });
    expect([latest.result, await home.log(latest.id)]).toEqual(['success', 'two']);
    const tagged = await home.start(file, { source: { ...source, ref: 'v1' } });
    expect(await home.log(tagged.id)).toContain('one');
    const shallow = runOf('{ name: t, steps: [clone: { depth: 1 }, { run: cat file }] }');
    for (const ref of ['v1', commitOf(location, 'v1'), 'main']) {
      const run = await home.start(shallow, { source: { ...source, ref } });
      expect([run.result, await home.log(run.id)]).toEqual(['success', ref === 'main' ? 'two' : 'one']);
    }
    const start = (more: object) => home.start(file, { source: { ...source, ...more } });
    await expect(start({ location: undefined })).rejects.toMatchObject({
      code: 'bad_input',
      hint: expect.stringContaining('--source'),
    });
    await expectCode('unavailable', start({ location: home.at('nowhere') }));
    await expectCode('unavailable', start({ location: 'ext::sh -c "touch /tmp/strata-owned"' }));
    expect(existsSync('/tmp/strata-owned')).toBe(false);
    // Found at the start, gone since.
    const lost = await home.start(file, {
      source: { ...source, location: home.at('no'), commit: '1'.repeat(40) },
    });
    expect(taskOf(lost, 't').error).toMatchObject({ code: 'command_failed', details: { step: 'clone' } });
    expect(home.leftovers()).toEqual([]);
  });
});
