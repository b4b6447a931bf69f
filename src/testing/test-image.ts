/** An image for containers in tests, made of busybox alone: nothing has to be fetched. Needs `podman`, `busybox`. */

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The number changes with what is in it. */
const TEST_IMAGE = 'localhost/strata-test:1';

const FILES = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nworker:x:1000:1000::/home/worker:/bin/sh\n',
  'etc/group': 'root:x:0:\nworker:x:1000:\n',
};

/** Makes it unless it is there. @returns its name */
export function testImage(): string {
  if (spawnSync('podman', ['image', 'exists', TEST_IMAGE]).status === 0) return TEST_IMAGE;
  const root = mkdtempSync(join(tmpdir(), 'strata-image-'));
  try {
    for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev']) mkdirSync(join(root, name));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(root, name), text);
    const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
    copyFileSync(busybox, join(root, 'bin/busybox'));
    for (const name of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')) {
      if (name !== '' && name !== 'busybox') symlinkSync('busybox', join(root, 'bin', name));
    }
    const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 64 * 1024 * 1024 });
    execFileSync('podman', ['import', '-', TEST_IMAGE], { input: tar, stdio: ['pipe', 'ignore', 'ignore'] });
    return TEST_IMAGE;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
