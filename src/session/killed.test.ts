import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

import { verifyStore } from '../vault/index.ts';
import { checkpointSession } from './checkpoint.ts';
import { doWhatIsQuick, doWhatIsSlow } from './due.ts';
import { resumeSession } from './resume.ts';
import { openSessionHome } from './session.fixture.ts';
import { suspendSession } from './suspend.ts';
import { terminateSession, undeleteSession } from './terminate.ts';
import { listSessions, showSession } from './view.ts';

const CHILD = fileURLToPath(new URL('dying.fixture.ts', import.meta.url));
/** No operation has so many. */
const MOST_STEPS = 60;

const FILES = { a: '2\n', 'd/': '', 'd/b': '1\n' };
const EARLIER = { a: '1\n', 'd/': '', 'd/b': '1\n' };

/** What may be found afterwards: the files of before, or what the operation makes of them. */
const OPERATIONS = [
  ['create', 'active', [FILES]],
  ['suspend', 'active', [FILES]],
  ['resume', 'suspended', [FILES]],
  ['checkpoint', 'active', [FILES]],
  ['restore', 'active', [FILES, EARLIER]],
  ['terminate', 'active', [FILES]],
  ['undelete', 'terminated', [FILES]],
  ['fork', 'active', [FILES]],
  ['exec', 'active', [FILES, { ...FILES, more: 'more\n' }]],
] as const;

it.each(OPERATIONS)(
  '[N19] %s that is killed at any of its steps, of a session that is %s, loses nothing',
  async (operation, start, allowed) => {
    let killed = 0;
    for (let step = 1; ; step++) {
      expect(step).toBeLessThan(MOST_STEPS);
      const { runner, create, exec, contents, place, vault } = await openSessionHome();
      const home = await runner();
      await create(home, 'web', { storageType: step % 2 === 0 ? 'volume' : 'cas' });
      await exec(home, 'web', 'echo 1 > a; mkdir d; echo 1 > d/b');
      await checkpointSession(home, 'web');
      await exec(home, 'web', 'echo 2 > a');
      if (start === 'suspended') await suspendSession(home, 'web');
      if (start === 'terminated') await terminateSession(home, 'web');

      const child = spawnSync(process.execPath, [CHILD, place, operation, `${step}`], { encoding: 'utf8' });
      if (child.signal !== 'SIGKILL') expect(child).toMatchObject({ status: 0, signal: null });
      else killed++;

      await doWhatIsQuick(home);
      await doWhatIsSlow(home);
      const { state } = await showSession(home, 'web');
      expect(['active', 'suspended', 'terminated']).toContain(state);
      if (state === 'terminated') await undeleteSession(home, 'web');
      if (state !== 'active') await resumeSession(home, 'web');
      // Whatever was cut off is completed by the next one that needs the files.
      await checkpointSession(home, 'web');
      expect(allowed).toContainEqual(await contents(home, 'web'));
      await suspendSession(home, 'web');
      await resumeSession(home, 'web');
      expect(allowed).toContainEqual(await contents(home, 'web'));
      for (const { name, state: other } of await listSessions(home))
        if (name === 'other' && other !== 'active') await resumeSession(home, 'other');
      expect((await verifyStore(vault)).problems).toEqual([]);
      if (child.signal !== 'SIGKILL') break;
    }
    expect(killed).toBeGreaterThan(1);
  },
  600_000,
);
