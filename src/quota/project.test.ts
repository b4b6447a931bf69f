import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { chooseMeans } from './choose.ts';
import { project } from './project.ts';
import { quotaContract } from './quota.contract.ts';
import { write } from './writing.fixture.ts';

const MIB = 2 ** 20;
const LIMIT = 16 * MIB;

/** As commands in a sandbox are: root, but bound by quotas. */
const BOUND = ['setpriv', '--bounding-set', '-sys_resource', '--inh-caps', '-sys_resource'];

const KINDS = {
  ext4: ['-q', '-O', 'quota,project'],
  xfs: ['-q'],
} as const;

for (const [kind, options] of Object.entries(KINDS)) {
  describeWith(kind === 'xfs' ? ['projects', 'xfs'] : ['projects'], `project quotas of ${kind}`, () => {
    let scratch = '';
    const disk = () => join(scratch, 'disk');

    beforeAll(() => {
      scratch = mkdtempSync(join(tmpdir(), 'strata-projects-'));
      const image = join(scratch, 'image');
      mkdirSync(disk());
      execFileSync('truncate', ['-s', '1G', image]);
      execFileSync(`mkfs.${kind}`, [...options, image]);
      execFileSync('mount', ['-o', 'loop,prjquota', image, disk()]);
    });
    afterAll(() => {
      execFileSync('umount', [disk()]);
      rmSync(scratch, { recursive: true, force: true });
    });

    quotaContract({ means: project, base: disk, runAs: BOUND, pause: 0 });

    it('[Q50] it works where it was tried out, and the limit is told to who looks at the disk', async () => {
      expect((await chooseMeans(disk(), 'project')).name).toBe('project');
      const place = join(disk(), 'told');
      onTestFinished(() => project.remove(place));
      const { directory } = await project.open(place, LIMIT);
      const { blocks, bsize } = statfsSync(directory);
      expect(blocks * bsize).toBe(LIMIT);
    });

    it('[Q51] writers whom the kernel lets pass are watched', async () => {
      const place = join(disk(), 'passing');
      onTestFinished(() => project.remove(place));
      const held = await project.open(place, LIMIT);
      const script = 'while head -c 256k /dev/zero >>big; do sleep 0.02; done';
      await write(held, script);
      expect(await held.used()).toBeGreaterThan(LIMIT - MIB);
      expect(await held.used()).toBeLessThan(2 * LIMIT);
    });

    it('[Q52] each place has a project of its own, also inside of another one', async () => {
      const places = ['a', 'b', 'a/limited/files/c'].map((name) => join(disk(), name));
      onTestFinished(async () => {
        for (const place of places.toReversed()) await project.remove(place);
      });
      const held = [];
      for (const place of places) held.push(await project.open(place, LIMIT));
      await write(held[0]!, 'head -c 1M /dev/zero >file; sync file');
      await write(held[2]!, 'head -c 2M /dev/zero >file; sync file');
      const used = await Promise.all(held.map((each) => each.used()));
      expect(used.map((bytes) => Math.floor(bytes / MIB))).toEqual([1, 0, 2]);
      await project.remove(places[1]!);
      expect(readdirSync(held[0]!.directory).sort()).toEqual(['c', 'file']);
    });

    it('[Q53] a limit above the size of the disk is none', async () => {
      const place = join(disk(), 'vast');
      onTestFinished(() => project.remove(place));
      const held = await project.open(place, 2 ** 40);
      await write(held, 'head -c 3M /dev/zero >file; sync file');
      expect(Math.floor((await held.used()) / MIB)).toBe(3);
      expect(await held.isFull()).toBe(false);
    });
  });
}
