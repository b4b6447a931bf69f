import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { usableCgroup } from './cgroup.ts';
import { executorContract } from './executor.contract.ts';
import { bareExecutor, hostExecutor } from './host.ts';
import type { HostOptions } from './host.ts';
import { containerOf, newDirectory, newToken, shellIn, withToken } from './place.fixture.ts';

const PATH = '/usr/local/bin:/usr/bin:/bin';
const environment = { PATH, LANG: 'C.UTF-8', TERM: 'dumb' };
const caller = { ...process.env, PATH: `.:relative:${PATH}` };

const open = (options: Partial<HostOptions> = {}) =>
  hostExecutor({ sandbox: 'require', bind: [], hidden: [], environment: caller, ...options });

/** Not in /tmp, of which a sandbox shows nothing anyway. */
function scratch(): string {
  const directory = mkdtempSync('/var/strata-exec-');
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describeWith(['bwrap'], 'the host, in a sandbox', () => {
  executorContract({ way: 'sandbox', open, environment });
});

describeWith(['bwrap', 'root'], 'what the sandbox shows', () => {
  it('[X20] the machine is read-only, and homes, /tmp and /run are empty', async () => {
    const { sh } = await shellIn(await open(), undefined);
    for (const path of ['/usr/x', '/etc/x', '/x', '/var/x', '/sys/x'])
      expect((await sh(`touch ${path}`)).exitCode, path).not.toBe(0);
    expect((await sh('ls -A /tmp /run /root /home')).stdout.split('\n').filter(Boolean)).toEqual([
      '/home:',
      'task',
      '/root:',
      '/run:',
      '/tmp:',
    ]);
    expect((await sh('touch /tmp/x /dev/null && ls /proc | grep -c "^[0-9]"')).stdout).toMatch(/^[1-9]\n$/);
  });

  it('[X20] settings of the kernel cannot be written, nor can the sandbox be undone', async () => {
    const { sh } = await shellIn(await open(), undefined);
    const settings = '/proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /proc/sys/kernel/hostname';
    const before = readFileSync('/proc/sys/vm/swappiness', 'utf8');
    // Opened, and nothing written: if a sandbox leaks, this test does no harm.
    for (const path of settings.split(' ')) expect((await sh(`: >>${path}`)).exitCode, path).not.toBe(0);
    for (const script of ['umount /root', 'mount -o remount,rw /', 'mknod ~/disk b 254 0', 'chroot /'])
      expect((await sh(script)).exitCode, script).not.toBe(0);
    expect(
      (await sh('unshare -Urm sh -c "umount /root || mount -o remount,rw,bind /usr && echo undone"')).stdout,
    ).toBe('');
    expect(readFileSync('/proc/sys/vm/swappiness', 'utf8')).toBe(before);
  });

  it('[X21] hidden directories and files show nothing, even inside of what is bound', async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'home', 'keys'), { recursive: true });
    for (const name of ['home/keys/root.key', 'key', 'open']) writeFileSync(join(directory, name), 'secret');
    const hidden = [join(directory, 'home'), join(directory, 'key'), join(directory, 'not-there')];
    for (const bind of [[], [directory]]) {
      const { sh } = await shellIn(await open({ hidden, bind }), undefined);
      expect((await sh(`cat ${directory}/open`)).stdout).toBe('secret');
      expect(
        (
          await sh(
            `grep -rs secret ${directory}/home ${directory}/key /proc/*/environ; ls -A ${directory}/home`,
          )
        ).stdout,
      ).toBe('');
    }
    await expectCode('bad_input', open({ hidden, bind: [join(directory, 'home', 'keys')] }));
    await expectCode('bad_input', open({ hidden, bind: [join(directory, 'home')] }));
  });

  it('[X22] what is bound can be written to, also below a home', async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'me', 'cache'), { recursive: true });
    writeFileSync(join(directory, 'me', 'private'), 'secret');
    const executor = await open({
      bind: [join(directory, 'me', 'cache')],
      environment: { ...caller, HOME: join(directory, 'me') },
    });
    const { sh } = await shellIn(executor, undefined);
    expect((await sh(`echo kept >${directory}/me/cache/file; ls -A ${directory}/me`)).stdout).toBe('cache\n');
    expect(readFileSync(join(directory, 'me/cache/file'), 'utf8')).toBe('kept\n');
  });

  it('[X22] a bind that would undo the sandbox is refused', async () => {
    for (const path of ['/', '/home', '/proc', '/dev/shm', '/sys/fs', 'relative'])
      await expectCode('bad_input', open({ bind: [path] }));
    await expectCode('not_found', open({ bind: ['/no/such/directory'] }));
  });

  it('[X23] a sandbox whose watcher is killed is gone', async () => {
    const executor = await open();
    const { place, sh } = await shellIn(executor, undefined);
    const token = newToken();
    const running = sh(
      `setsid sleep 100 & : ${token}; echo on; sleep 100`,
      {},
      {
        onOutput: () => void executor.sweepLeftovers(place.directory),
      },
    );
    await expectCode('unavailable', running);
    expect(withToken(token)).toEqual([]);
  });

  it('[X25] variables of a command are not obeyed outside', async () => {
    const { place, sh } = await shellIn(await open(), undefined);
    const trace = join(place.directory, 'trace');
    const given = { LD_DEBUG: 'libs', LD_DEBUG_OUTPUT: trace, PATH: '/no/where' };
    await sh('', { words: ['/bin/true'], environment: given });
    expect((await sh('ls -A')).stdout).toBe('');
  });
});

describe('the choice of a sandbox', () => {
  it('[X24] without bubblewrap a sandbox that is required is unavailable, and else there is none', async () => {
    const empty = { PATH: scratchPath() };
    await expectCode('unavailable', open({ environment: empty }));
    const auto = await open({ environment: empty, sandbox: 'auto' });
    expect(auto.label).toBe('host, without a sandbox: bubblewrap is not installed');
    expect((await open({ sandbox: 'off' })).label).toBe('host, without a sandbox');
  });

  it('[X24] one that does not work says why', async () => {
    const path = scratchPath();
    writeFileSync(join(path, 'bwrap'), '#!/bin/sh\necho "bwrap: no namespaces" >&2\nexit 1\n', {
      mode: 0o755,
    });
    await expect(open({ environment: { PATH: path } })).rejects.toThrow(/no namespaces/);
  });

  it('[X26] the host has no containers and no other users', async () => {
    const executor = await open({ sandbox: 'off' });
    await expectCode(
      'bad_input',
      executor.place({ directory: newDirectory(), containers: [containerOf('x')] }),
    );
    const { sh } = await shellIn(executor, undefined);
    await expectCode('refused', sh('id', { user: 'nobody' }));
  });
});

function scratchPath(): string {
  const directory = mkdtempSync(join(tmpdir(), 'strata-path-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe.skipIf(usableCgroup() === undefined)('the host, without a sandbox', () => {
  executorContract({ way: 'group', open: () => open({ sandbox: 'off' }), environment });
});

describe('the host, without groups of processes', () => {
  executorContract({ way: 'plain', open: async () => bareExecutor(PATH, undefined), environment });

  it('[X7] one that becomes another program all the time is killed, though its environment cannot be seen meanwhile', async () => {
    const { sh, place } = await shellIn(bareExecutor(PATH, undefined), undefined);
    writeFileSync(join(place.directory, 'restless'), '#!/bin/sh\nexec "$0" "$@"\n', { mode: 0o755 });
    for (let i = 0; i < 60; i++) {
      const token = newToken();
      await sh(`(setsid ~/restless ${token} &); sleep 0.0${i % 5}`);
      expect(withToken(token)).toEqual([]);
    }
  });
});
