/** What some tests need besides Node, and whether it is there. For what is no test as well: nothing of the test runner is here. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

interface Requirement {
  readonly met: () => boolean;
  /** Ends the sentence `needs …`, with the command that provides it. */
  readonly remedy: string;
  /** No command does: the kernel has it or has it not. Then nothing is wrong with a machine that lacks it. */
  readonly ofKernel?: true;
}

/** Whether a file system can have project quotas, on a disk of its own that goes with its mount namespace. */
const MOUNT_PROJECTS = `
  directory=$(mktemp -d) && trap 'rm -rf "$directory"' EXIT && cd "$directory" &&
  truncate -s 64M disk && mkfs.ext4 -q -O quota,project disk && mkdir mount && mount -o loop,prjquota disk mount &&
  setquota -P 1 0 1 0 0 mount; status=$?; umount mount; exit $status`;

const REQUIREMENTS = {
  root: { met: () => process.getuid?.() === 0, remedy: 'root: sudo npm test' },
  user: {
    met: () => runs('setpriv', '--reuid=65534', 'true'),
    remedy: 'a second user: run as root with setpriv',
  },
  mounts: { met: () => runs('unshare', '--mount', 'true'), remedy: 'mount namespaces: sudo npm test' },
  loop: { met: () => runs('losetup', '--find'), remedy: 'loop devices: sudo npm test' },
  projects: {
    met: () => runs('unshare', '--mount', 'sh', '-c', MOUNT_PROJECTS),
    remedy: 'project quotas: root, a kernel with CONFIG_QFMT_V2, and apt-get install quota',
    ofKernel: true,
  },
  xfs: {
    met: () => runs('mkfs.xfs', '-V') && /\txfs$/m.test(readFileSync('/proc/filesystems', 'utf8')),
    remedy: 'XFS: a kernel with CONFIG_XFS_QUOTA, and apt-get install xfsprogs',
    ofKernel: true,
  },
  git: { met: () => runs('git', '--version'), remedy: 'git: apt-get install git' },
  python3: { met: () => runs('python3', '--version'), remedy: 'python3: apt-get install python3' },
  cc: { met: () => runs('cc', '--version'), remedy: 'a C compiler: apt-get install build-essential' },
  bwrap: {
    met: () => runs('bwrap', '--ro-bind', '/', '/', '--unshare-pid', 'true'),
    remedy: 'bubblewrap: apt-get install bubblewrap',
  },
  podman: {
    met: () => runs('podman', 'version') && runs('runc', '--version') && runs('catatonit', '--version'),
    remedy: 'podman: apt-get install podman runc catatonit',
  },
  busybox: { met: () => runs('busybox', 'true'), remedy: 'busybox: apt-get install busybox-static' },
  openssl: { met: () => runs('openssl', 'version'), remedy: 'openssl: apt-get install openssl' },
  radosgw: {
    met: () =>
      ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin'].every((program) => runs(program, '--version')),
    remedy: 'an S3 service: npm run services install',
  },
  time: { met: () => runs('/usr/bin/time', '--version'), remedy: '/usr/bin/time: apt-get install time' },
} as const satisfies Record<string, Requirement>;

export type Need = keyof typeof REQUIREMENTS;

const known = new Map<Need, boolean>();

/** What is missing of `needs`, as text for a person; undefined when all is there. */
export function missing(...needs: readonly Need[]): string | undefined {
  const absent = needs.filter((need) => !isMet(need));
  if (absent.length === 0) return undefined;
  return absent.map((need) => `needs ${REQUIREMENTS[need].remedy}`).join('; ');
}

/** Whether nobody can install it. */
export function isOfKernel(need: Need): boolean {
  const requirement: Requirement = REQUIREMENTS[need];
  return requirement.ofKernel === true;
}

function isMet(need: Need): boolean {
  let met = known.get(need);
  if (met === undefined) known.set(need, (met = REQUIREMENTS[need].met()));
  return met;
}

function runs(command: string, ...options: readonly string[]): boolean {
  return spawnSync(command, options, { stdio: 'ignore' }).status === 0;
}
