/**
 * Strata as a library: saves a directory, changes it, saves it again, asks what changed, and brings the first state back.
 *
 *     node examples/save-and-restore.ts
 *
 * Everything happens in a temporary directory, with a home of its own unless `$STRATA_HOME` names one. In a clone `npm run build`
 * comes first: the name `strata` means the package as it is published.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { displayPath, isStrataError, openEngine } from 'strata';

const place = await mkdtemp(join(tmpdir(), 'strata-example-'));
const project = join(place, 'project');
await mkdir(join(project, 'src'), { recursive: true });
await writeFile(join(project, 'src/index.js'), "console.log('first');\n");
await writeFile(join(project, 'notes.txt'), 'remember the milk\n');

try {
  // The engine holds a database open: `await using` closes it, whatever happens.
  await using engine = await openEngine({ home: process.env['STRATA_HOME'] ?? join(place, 'home') });
  const { workspaces, store } = engine;

  const first = await workspaces.save(project, { message: 'as it was' });
  console.log(`saved ${first.workspace}@${first.snapshot}: ${first.files} files, ${first.bytes} bytes`);

  await writeFile(join(project, 'src/index.js'), "console.log('second');\n");
  await rm(join(project, 'notes.txt'));
  const second = await workspaces.save(project, { message: 'milk is there' });
  console.log(`saved ${second.workspace}@${second.snapshot}: ${second.newBytes} bytes of it are new`);

  // Everything that may be long is an async iterable.
  for await (const change of workspaces.diff('project@1', 'project@2')) {
    console.log(`${change.kind}: ${displayPath(change.path)}`);
  }

  const copy = join(place, 'copy');
  await workspaces.restore('project@1', copy);
  console.log(`restored: ${(await readFile(join(copy, 'notes.txt'), 'utf8')).trim()}`);

  // One class of errors, with codes that a program can act on.
  try {
    await workspaces.restore('project@1', copy);
  } catch (error) {
    if (!isStrataError(error, 'target_not_empty')) throw error;
    console.log(`refused: ${error.code}`);
  }

  const report = await store.verify({ readData: true });
  console.log(report.ok ? 'the store is whole' : `${report.problems.length} problems`);

  for (const notice of engine.takeNotices()) console.error(`note: ${notice}`);
} finally {
  await rm(place, { recursive: true, force: true });
}
