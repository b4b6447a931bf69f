/** Images as disks: a loop device that the kernel gives back when nothing has it mounted any more. */

import { statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { StrataError, mountAt } from '../base/index.ts';
import type { Mount } from '../base/index.ts';
import { damaged } from './image.ts';
import type { PlaceLock } from './lock.ts';
import { demand, reasonOf, run } from './program.ts';
import { usersOf } from './users.ts';

/** No tables are filled in the background: they would take a sixteenth of the image. */
const OPTIONS = 'nosuid,nodev,noatime,noinit_itable';

/** What the kernel has made of a file system in which it met damage; a word of older ones, and of newer ones. */
const OF_DAMAGE = new Set(['ro', 'emergency_ro', 'shutdown']);

/** What mount(8) says of an image, and not of the machine. */
const OF_THE_IMAGE = /bad superblock|needs cleaning|can't read superblock|Bad message/;

/** … and of a device that somebody takes or gives back just now. */
const OF_THE_MOMENT = /busy|failed to setup loop device|already mounted/;

const TRIES = 20;
const TRIES_OF_USED = 10;
const TRIES_OF_IMAGE = 3;
const BETWEEN_TRIES_MS = 100;

/** Of those that use a mount, in words. */
const MOST_NAMED = 10;

/** The device that an image is, as in `/dev/loop3`; also if another mount namespace, or a process that just died, has it. */
export async function deviceOf(image: string, { holding }: PlaceLock): Promise<string | undefined> {
  const words = ['losetup', '--noheadings', '--output', 'NAME', '--associated', image] as const;
  const out = await demand(words, `look for the device of ${image}`, { holding });
  return out.trim().split('\n')[0] || undefined;
}

/** @throws unavailable if something else is mounted there; integrity if the kernel has met damage */
export function isMounted(device: string | undefined, directory: string): device is string {
  const mount = mountAt(directory);
  if (mount === undefined) return false;
  if (device === undefined || statSync(directory).dev !== statSync(device).rdev)
    throw new StrataError('unavailable', `something else is mounted at ${directory}`, {
      hint: `Look what it is, then: umount ${directory}`,
      details: { directory },
    });
  if (!isDamaged(mount)) return true;
  throw new StrataError('integrity', `the file system at ${directory} met damage, and takes no more writes`, {
    hint: 'Save what can be read, then close it: it is mended as far as possible when it is opened again.',
    details: { directory },
  });
}

/** Nothing can be written any more, also not what was to be. */
export function isDamaged({ options }: Mount): boolean {
  return options.some((option) => OF_DAMAGE.has(option));
}

/**
 * An image that is a device already, for another mount namespace or a process that just died, is mounted by that one: two devices of one image
 * would destroy it. mount(8) sees to that by itself.
 *
 * @returns the device @throws integrity, unavailable
 */
export async function mountImage(image: string, directory: string, { holding }: PlaceLock): Promise<string> {
  for (let tries = 1; ; tries++) {
    const words = ['mount', '-t', 'ext4', '-o', `loop,${OPTIONS}`, image, directory] as const;
    const { code, said } = await run(words, { holding });
    const mount = mountAt(directory);
    if (code === 0 && mount !== undefined) return mount.source;
    // A device that the kernel was about to give back is gone the next time, and one that others were faster to take is another.
    if (OF_THE_IMAGE.test(said)) {
      if (tries >= TRIES_OF_IMAGE) throw damaged(image, reasonOf(said));
    } else if (tries >= TRIES || !OF_THE_MOMENT.test(said))
      throw new StrataError('unavailable', `cannot mount ${image}: ${reasonOf(said)}`, {
        details: { image, directory },
      });
    await setTimeout(BETWEEN_TRIES_MS);
  }
}

/** The kernel does it by its journal, so a power cut does no harm. @returns false: it is not to be done while it is mounted */
export async function growMounted(device: string, { holding }: PlaceLock): Promise<boolean> {
  await demand(['losetup', '--set-capacity', device], `enlarge ${device}`, { holding });
  // Root in a container may lack the right to it (CAP_SYS_RESOURCE).
  const { code } = await run(['resize2fs', device], { holding });
  return code === 0;
}

/** After it was unmounted. @throws unavailable if another mount namespace has it: only mounted it may be used then */
export async function untilDetached(image: string, lock: PlaceLock): Promise<void> {
  for (let tries = 1; ; tries++) {
    const device = await deviceOf(image, lock);
    if (device === undefined) return;
    if (tries === TRIES)
      throw new StrataError('unavailable', `${image} is still mounted by others, as ${device}`, {
        hint: 'Look for it in /proc/*/mountinfo, and end those processes.',
        details: { image, device },
      });
    await setTimeout(BETWEEN_TRIES_MS);
  }
}

/** @throws unavailable if something uses it, and names that */
export async function unmount(directory: string, { holding }: PlaceLock): Promise<void> {
  for (let tries = 1; mountAt(directory) !== undefined; tries++) {
    const { code, said } = await run(['umount', directory], { holding });
    if (code === 0) continue;
    // Whoever just looked in, or just died, is gone the next time.
    if (tries === TRIES_OF_USED) throw inUse(directory, reasonOf(said));
    await setTimeout(BETWEEN_TRIES_MS);
  }
}

function inUse(directory: string, reason: string): StrataError {
  const users = usersOf(directory);
  const named = users.slice(0, MOST_NAMED).map(({ pid, name }) => `${name} (${pid})`);
  const by = named.length === 0 ? reason : named.join(', ');
  return new StrataError('unavailable', `${directory} is still used: ${by}`, {
    hint: 'End what uses it, or unmount what is mounted in it, then try again.',
    details: { directory, users },
  });
}
