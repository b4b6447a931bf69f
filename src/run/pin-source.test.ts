/** The commit that a run is of: the same for all its tasks, and for who goes on with it, wherever the branch has moved. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { pinSource, shownLocation } from './pin-source.ts';
import type { RunSource } from './request.ts';
import { openRunHome, runOf, statuses, taskOf } from './run.fixture.ts';
import { prepareRun } from './start.ts';
import { uncommittedChanges } from './uncommitted.ts';
import { showRun } from './view.ts';

const AS = '-c user.name=a -c user.email=a@b -c init.defaultBranch=main'.split(' ');

/** A work tree at `one`, tagged twice; `git` works in it. */
function workTreeOf(place: string) {
  const directory = join(place, 'tree');
  mkdirSync(directory);
  const git = (...words: readonly string[]) =>
    execFileSync('git', [...AS, '-C', directory, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();
  const commit = (text: string) => {
    writeFileSync(join(directory, 'file'), text);
    git('add', '.');
    git('commit', '--quiet', '-m', text);
    return git('rev-parse', 'HEAD');
  };
  git('init', '--quiet');
  const one = commit('one');
  git('tag', 'v1');
  git('tag', '-a', 'noted', '-m', 'noted');
  return { directory, git, commit, one };
}

const NO_REF = { ref: undefined, branch: undefined, tag: undefined };
const cloner = (name: string, command: string, more = '') =>
  `{ name: ${name}, steps: [clone, { run: ${JSON.stringify(command)} }]${more} }`;

/** What a push does while the run goes on. */
const move = (directory: string, text: string) =>
  `cd ${directory} && echo -n ${text} > file && git ${AS.join(' ')} commit -qam ${text}`;

async function pinned(source: RunSource, steps = '[clone]') {
  const { definition } = await prepareRun({ file: runOf(`{ name: t, steps: ${steps} }`), shown: 'f' }, 'r');
  return (await pinSource(source, definition))?.commit;
}

describeWith(['git'], 'the commit of a run', () => {
  it('[R26] is what branch, tag, annotated tag or its own name stand for, of a directory and of a URL', async () => {
    const home = await openRunHome();
    const { directory, git, commit, one } = workTreeOf(home.place);
    git('branch', 'dev');
    git('branch', 'far/main', 'dev');
    git('tag', 'both', 'dev');
    const two = commit('two');
    git('branch', 'both');
    for (const location of [directory, `file://${directory}`]) {
      const of = (ref?: string) => pinned({ ...NO_REF, location, ref });
      expect([await of(), await of('HEAD'), await of('main'), await of('refs/heads/main')]).toEqual(
        Array.from({ length: 4 }, () => two),
      );
      const ones = ['v1', 'tags/v1', 'refs/tags/v1', 'noted', 'refs/tags/noted', 'dev', 'both', one];
      for (const ref of ones) expect([ref, await of(ref)]).toEqual([ref, one]);
      for (const ref of [
        'nope',
        'ma*',
        '-x',
        '--upload-pack=touch /tmp/strata-owned',
        '',
        'ain',
        'refs/tags/main',
      ])
        await expectCode('not_found', of(ref));
    }
    const tagged = { location: directory, ref: 'refs/tags/v9', branch: undefined, tag: 'v9' };
    await expect(pinned(tagged)).rejects.toMatchObject({
      code: 'not_found',
      message: `${directory} has no tag v9`,
    });
    await expectCode('unavailable', pinned({ ...NO_REF, location: home.at('nowhere') }));
    await expectCode('unavailable', pinned({ ...NO_REF, location: `file://${home.at('nowhere')}` }));
    git('init', '--quiet', '../empty');
    await expectCode('not_found', pinned({ ...NO_REF, location: home.at('empty') }));
    await expectCode('not_found', pinned({ ...NO_REF, location: `file://${home.at('empty')}` }));
    expect(existsSync('/tmp/strata-owned')).toBe(false);
  });

  it('[R26] nobody looks for it where no task clones, or none that the run is for', async () => {
    const nowhere = { ...NO_REF, location: '/nowhere' };
    expect(await pinned(nowhere, '[{ run: "true" }]')).toBe(undefined);
    expect(await pinned(nowhere, '[{ type: clone, when: { branch: main } }]')).toBe(undefined);
    expect(await pinned(nowhere, '[clone], when: { branch: main }')).toBe(undefined);
    await expectCode(
      'unavailable',
      pinned({ ...nowhere, branch: 'main' }, '[{ type: clone, when: { branch: main } }]'),
    );
  });

  it('[R26] no password of a URL is told', () => {
    expect(shownLocation('https://me:secret@host/x.git')).toBe('https://***@host/x.git');
    expect(shownLocation('https://token@host/x.git')).toBe('https://***@host/x.git');
    expect(shownLocation('ssh://git:secret@host/x.git')).toBe('ssh://git:***@host/x.git');
    for (const kept of ['ssh://git@host/x', 'git@host:x/y@z', '/a:b@c', 'https://host/a@b'])
      expect(shownLocation(kept)).toBe(kept);
  });

  it('[R26] stays when the branch moves between two tasks, and between a run and its restart', async () => {
    const home = await openRunHome();
    const { directory, one } = workTreeOf(home.place);
    const file = runOf(
      cloner('a', `cat file; ${move(directory, 'two')}`),
      cloner('b', `cat file; test -e ${home.at('mended')}`, ', depends: [a]'),
      cloner('c', 'cat file; git status --short', ', depends: [b]'),
    );
    const run = await home.start(file, { source: { ...NO_REF, location: directory } });
    expect(run.source).toEqual({ location: directory, ref: undefined, commit: one });
    expect(statuses(run)).toEqual({ a: 'success', b: 'failed', c: 'skipped' });
    expect(await home.log(run.id, 'b')).toMatch(/^one/);
    home.write('mended', '');
    const again = await home.restart(run.id);
    expect(again).toMatchObject({ result: 'success', source: { commit: one } });
    expect([await home.log(again.id, 'b'), await home.log(again.id, 'c')]).toEqual(['one', 'one']);
    expect((await showRun(home.world, again.id)).source).toEqual(run.source);
  });

  it('[R26] a shallow clone has it too, also if it is the tip of nothing, and from a server that gives out tips alone', async () => {
    const home = await openRunHome();
    const { directory, git, commit, one } = workTreeOf(home.place);
    git('tag', '-d', 'v1', 'noted');
    git('config', 'uploadpack.allowAnySHA1InWant', 'false');
    const two = commit('two');
    commit('three');
    commit('four');
    const shallow = runOf(
      '{ name: t, steps: [clone: { depth: 1 }, { run: "cat file; git rev-list --count HEAD" }] }',
    );
    const location = `file://${directory}`;
    for (const [sha, text] of [
      [one, 'one1'],
      [two, 'two1'],
    ] as const) {
      const run = await home.start(shallow, { source: { ...NO_REF, location, ref: sha } });
      expect([run.result, await home.log(run.id)]).toEqual(['success', `${text}\n`]);
    }
    // By the first protocol a server refuses what is no tip.
    const settings = join(home.place, 'gitconfig');
    writeFileSync(settings, '[protocol]\n\tversion = 0\n[clone]\n\tdefaultRemoteName = other\n');
    const before = process.env['GIT_CONFIG_GLOBAL'];
    process.env['GIT_CONFIG_GLOBAL'] = settings;
    try {
      const run = await home.start(shallow, { source: { ...NO_REF, location, ref: two } });
      expect([run.result, await home.log(run.id)]).toEqual([
        'success',
        expect.stringMatching(/does not give out commit [0-9a-f]{40} alone: all of it is fetched\ntwo2\n$/),
      ]);
      const gone = await home.start(shallow, { source: { ...NO_REF, location, ref: '1'.repeat(40) } });
      expect(taskOf(gone, 't').error).toMatchObject({ code: 'not_found' });
      const deep = shallow.replace('depth: 1', 'depth: 100');
      const nowhere = await home.start(deep, { source: { ...NO_REF, location, ref: '1'.repeat(40) } });
      expect(taskOf(nowhere, 't').error).toMatchObject({ code: 'not_found' });
      git('checkout', '--quiet', '-b', 'other', one);
      git('branch', '-D', 'main');
      const unreachable = await home.start(shallow, { source: { ...NO_REF, location, ref: two } });
      expect(taskOf(unreachable, 't').error).toMatchObject({ code: 'not_found', details: { commit: two } });
    } finally {
      if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
      else process.env['GIT_CONFIG_GLOBAL'] = before;
    }
    expect(home.leftovers()).toEqual([]);
  });

  it('[R26] changes that are not committed are a warning; filters of the work tree do not run for it', async () => {
    const home = await openRunHome();
    const { directory, git, commit, one } = workTreeOf(home.place);
    const source = { ...NO_REF, location: directory, commit: one };
    expect(await uncommittedChanges(source)).toBe(undefined);
    const owned = home.at('owned');
    writeFileSync(join(directory, '.gitattributes'), '* filter=x\n');
    git('config', 'filter.x.clean', `touch ${owned}; cat`);
    git('config', 'filter.x.required', 'true');
    utimesSync(join(directory, 'file'), 1, 1);
    expect(await uncommittedChanges(source)).toMatch(
      new RegExp(`^1 path has changes in ${directory} that are not committed: .* ${one.slice(0, 12)},`),
    );
    appendFileSync(join(directory, 'file'), 'more');
    expect(await uncommittedChanges(source)).toMatch(/^2 paths have changes/);
    expect(existsSync(owned)).toBe(false);
    expect(await uncommittedChanges({ ...source, commit: undefined })).toBe(undefined);
    expect(await uncommittedChanges({ ...source, location: `file://${directory}` })).toBe(undefined);
    commit('two');
    appendFileSync(join(directory, 'file'), 'more');
    expect(await uncommittedChanges(source)).toBe(undefined);
  });
});
