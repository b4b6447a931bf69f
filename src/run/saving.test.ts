/** What a save step puts into a layer. */

import { expect, it } from 'vitest';

import { openRunHome, reader, runOf, saver, taskOf } from './run.fixture.ts';

const TREE = 'mkdir -p bin/deep doc && echo 1 > bin/one && echo 2 > bin/deep/two && echo 3 > doc/.three';

it.each<[string, string, readonly string[]]>([
  ['{}', 'everything in the working directory', ['bin/deep/two', 'bin/one', 'doc/.three']],
  ['{ source_dir: bin }', 'one directory', ['deep/two', 'one']],
  ['{ source_dir: bin, dest_dir: /out/a }', 'one at another place', ['out/a/deep/two', 'out/a/one']],
  ['{ source_dir: ~/project/doc }', 'one from the home', ['.three']],
  ['{ paths: ["**/t*"] }', 'what a glob matches', ['bin/deep/two']],
  ['{ source_dir: bin, dest_dir: x, paths: ["deep"] }', 'a directory that matches, whole', ['x/deep/two']],
  ['{ paths: [doc/*, ./bin/one] }', 'what one of several matches', ['bin/one', 'doc/.three']],
])('[R9] contents %s: %s', async (contents, _, paths) => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(`{ name: t, steps: [{ run: "${TREE}" }, { save_to_workspace: { contents: [${contents}] } }] }`),
  );
  expect(run.result).toBe('success');
  expect(Object.keys(await home.files(run.id))).toEqual(paths);
});

it('[R9] a pattern without a match warns, and names itself', async () => {
  const home = await openRunHome();
  const step = 'save_to_workspace: { contents: [{ source_dir: bin, paths: ["one", "*.o"] }] }';
  const run = await home.start(runOf(`{ name: t, steps: [{ run: "${TREE}" }, { ${step} }] }`));
  expect(run.result).toBe('success');
  expect(await home.log(run.id)).toContain('warning: nothing in bin matches *.o\n');
  expect(await home.log(run.id)).not.toContain('matches one');
});

it.each([
  ['warn', 'success', /^warning: there is nothing to save: .*\nsaved 0 files.*\n$/],
  ['ignore', 'success', /^saved 0 files.*\n$/],
  ['error', 'failed', /error: there is nothing to save/],
])('[R9] nothing to save, if_no_files: %s', async (what, result, log) => {
  const home = await openRunHome();
  // A place in the workspace is nothing that was saved.
  for (const contents of ['{ paths: ["*.o"] }', '{ dest_dir: a/b, paths: ["*.o"] }', '{ source_dir: bin }']) {
    const step = `{ save_to_workspace: { contents: [${contents}], if_no_files: ${what} } }`;
    const run = await home.start(runOf(`{ name: t, steps: [{ run: mkdir bin }, ${step}] }`));
    expect([contents, run.result]).toEqual([contents, result]);
    expect(await home.log(run.id)).toMatch(log);
    if (result === 'failed') expect(taskOf(run, 't').layers).toEqual([]);
  }
});

it.each([
  ['warn', 'failed', /^error: there is no directory project\/out\n$/],
  ['ignore', 'success', /^saved 0 files.*\n$/],
  ['error', 'failed', /^error: there is no directory project\/out\n$/],
])('[R9] a source_dir that is not there, if_no_files: %s', async (what, result, log) => {
  const home = await openRunHome();
  const step = `{ save_to_workspace: { contents: [{ source_dir: out }], if_no_files: ${what} } }`;
  const run = await home.start(runOf(`{ name: t, steps: [${step}] }`, reader('next', ['t'])));
  expect(run.tasks[0]!.status).toBe(result);
  expect(await home.log(run.id, 't')).toMatch(log);
  expect(await home.files(run.id)).toEqual({});
});

it('[R9] what is there is saved beside a source_dir that is not, of which nothing is saved as gone', async () => {
  const home = await openRunHome();
  const contents = '[{ source_dir: a, dest_dir: a }, { source_dir: b, dest_dir: b }]';
  const run = await home.start(
    runOf(
      saver('base', 'mkdir a b && echo 1 > a/1 && echo 1 > b/1'),
      `{ name: t, depends: [base], steps: [restore_workspace, { run: "rm -r a/1 b && echo 2 > a/2" },
         { save_to_workspace: { contents: ${contents}, deletions: true, if_no_files: ignore } }] }`,
    ),
  );
  expect(run.result).toBe('success');
  expect(await home.log(run.id, 't')).toContain('\nsaved 1 file');
  expect(await home.files(run.id)).toEqual({ 'a/2': '2\n', 'b/1': '1\n' });
});

it('[R9] the working directory is there before the first step', async () => {
  const home = await openRunHome();
  const steps = '[{ save_to_workspace: { contents: [{}] } }]';
  expect((await home.start(runOf(`{ name: t, working_dir: ~/a/b, steps: ${steps} }`))).result).toBe(
    'success',
  );
});

it.each([
  ['', '', 'project'],
  ['', 'deep/er', 'project/deep/er'],
  ['~/src', 'deep', 'src/deep'],
  ['src', 'deep', 'src/deep'],
  ['~/src', '..', ''],
  ['~/src', '~/other', 'other'],
  ['~', 'deep', 'deep'],
  ['~/src', '~user', 'src/~user'],
])('[R9] of a task in "%s" a step in "%s" starts in ~/%s', async (ofTask, ofStep, wanted) => {
  const home = await openRunHome();
  const where = (directory: string) => (directory === '' ? '' : `, working_dir: "${directory}"`);
  const steps = `[{ run: { command: 'echo "at $(pwd | sed "s:^$HOME::")"'${where(ofStep)} } }]`;
  const run = await home.start(runOf(`{ name: t, steps: ${steps}${where(ofTask)} }`));
  expect(await home.log(run.id)).toBe(`at ${wanted === '' ? '' : '/'}${wanted}\n`);
});

it('[R9] [R10] an absolute directory of a step is what it says; one that leads out of the home is refused', async () => {
  const home = await openRunHome();
  const task = (name: string, directory: string) =>
    `{ name: ${name}, steps: [{ run: { command: pwd, working_dir: ${directory} } }] }`;
  const run = await home.start(runOf(task('root', '/'), task('out', '../..'), task('far', 'a/../../../b')));
  expect(await home.log(run.id, 'root')).toBe('/\n');
  for (const name of ['out', 'far']) expect(taskOf(run, name).error).toMatchObject({ code: 'bad_input' });
});

it('[R7] bytes, modes, links, empty directories, names and times are kept; what is not is told', async () => {
  const home = await openRunHome();
  const make = [
    'mkdir -p d/empty',
    'printf "%s" x > d/run && chmod 750 d/run && touch -d @1234567890.123456 d/run',
    'ln -s ../nowhere d/link && ln d/run d/hard',
    "printf n > d/$(printf 'a\\377b')",
    'mkfifo d/fifo && printf s > d/setuid && chmod 4755 d/setuid',
  ].join(' && ');
  const look = `cd d && stat -c "%a %Y %n" run setuid && readlink link && ls -d empty && ls -b && find . -newermt @1234567890.123455 ! -newermt @1234567890.123457 -name run && cmp run hard`;
  const run = await home.start(runOf(saver('a', make), reader('b', ['a'], look)));
  expect(run.result).toBe('success');
  const log = await home.log(run.id, 'b');
  expect(log).toContain('750 1234567890 run\n755 ');
  expect(log).toContain('../nowhere\nempty\n');
  expect(log).toContain('a\\377b\n');
  expect(log).toContain('./run\n');
  expect(log).not.toContain('fifo');
  expect(await home.log(run.id, 'a')).toMatch(/warning: .*FIFO.*\n[^]*warning: .*(setuid|special)/i);
});

const CHANGES = 'echo more >> kept/changed && echo new > new && rm kept/gone && touch kept/touched';
const middle = (more: string) =>
  `{ name: b, depends: [a], steps: [restore_workspace, { run: "${CHANGES}" }, { save_to_workspace: { contents: [{}], ${more} } }] }`;
const BASE = saver('a', 'mkdir kept && cd kept && echo 1 > changed && echo 2 > gone && echo 3 > touched');

it('[R8] after a restore what was added or changed is saved, and nothing of what was given', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(BASE, middle('if_no_files: error'), reader('c', ['b'], 'true', '{ on_conflict: override }')),
  );
  expect(run.result).toBe('success');
  expect(taskOf(run, 'b').layers).toMatchObject([{ files: 2 }]);
  expect(await home.files(`${run.id}#c`)).toEqual({
    'kept/changed': '1\nmore\n',
    'kept/gone': '2\n',
    'kept/touched': '3\n',
    new: 'new\n',
  });
});

it('[R8] with deletions what is gone since the restore is gone', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      BASE,
      middle('deletions: true'),
      reader('c', ['b'], 'true', '{ on_conflict: override }'),
      // Nothing but a deletion is something to save.
      `{ name: d, depends: [c], steps: [{ restore_workspace: { on_conflict: override } }, { run: "rm -r kept" },
         { save_to_workspace: { contents: [{}], deletions: true, if_no_files: error } }] }`,
      reader('e', ['d'], 'true', '{ on_conflict: override }'),
    ),
  );
  expect(run.result).toBe('success');
  expect(Object.keys(await home.files(`${run.id}#c`))).toEqual(['kept/changed', 'kept/touched', 'new']);
  expect(await home.files(`${run.id}#e`)).toEqual({ new: 'new\n' });
});

it('[R8] what was given is judged where it is saved to, not where it was put', async () => {
  const home = await openRunHome();
  const save = (source: string) =>
    `[{ restore_workspace: { dest_dir: in } }, { run: "echo n > in/new" }, { save_to_workspace: { contents: [{ source_dir: ${source}, dest_dir: / }] } }]`;
  const run = await home.start(
    runOf(
      saver('a', 'echo 1 > one && echo 2 > two'),
      `{ name: same, depends: [a], steps: ${save('in')} }`,
      `{ name: other, depends: [a], steps: ${save('.')} }`,
    ),
  );
  expect(taskOf(run, 'same').layers).toMatchObject([{ files: 1 }]);
  expect(taskOf(run, 'other').layers).toMatchObject([{ files: 3 }]);
});

it('[R8] several restores add up to what was given', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('a', 'mkdir x && echo 1 > x/one && echo 2 > two'),
      `{ name: b, depends: [a], steps: [{ restore_workspace: { paths: [x] } }, { restore_workspace: { paths: [two] } },
         { run: "echo 3 > x/three" }, { save_to_workspace: { contents: [{}] } }] }`,
    ),
  );
  expect(run.result).toBe('success');
  expect(taskOf(run, 'b').layers).toMatchObject([{ files: 1 }]);
});

it('[R1] each save step makes a layer, and of one task the later wins', async () => {
  const home = await openRunHome();
  const save = '{ save_to_workspace: { contents: [{}] } }';
  const run = await home.start(
    runOf(
      `{ name: a, steps: [{ run: "echo 1 > f; mkdir d; touch d/x" }, ${save}, { run: "echo 2 > f; rm -r d; echo file > d" }, ${save}] }`,
      reader('b', ['a'], 'cat f d'),
    ),
  );
  expect(run.result).toBe('success');
  expect(taskOf(run, 'a').layers).toHaveLength(2);
  expect(await home.log(run.id, 'b')).toContain('2\nfile\n');
});
