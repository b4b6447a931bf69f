import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { base, write, fakeNode, layOutClone, plainPath, start, report } from './launcher.fixture.ts';

describe('the Node it takes', () => {
  it.each([
    ['v24.15.0', true],
    ['v24.100.1', true],
    ['v25.0.0', true],
    ['v100.2.3-nightly', true],
    ['v24.14.9', false],
    ['v20.20.2', false],
    ['v9.99.0', false],
    ['v24', false],
    ['vx.y.z', false],
    ['24.15.0', false],
    ['', false],
  ])('the one on PATH that says %j: %s', (version, taken) => {
    layOutClone(base);
    const { stdout } = start(join(base, 'bin/strata'), [], {
      env: { PATH: `${fakeNode(version)}:${plainPath()}` },
    });
    expect(stdout === 'fake\n').toBe(taken);
  });

  it('is asked once, unless what is found starts another one', () => {
    layOutClone(base);
    const remembered = () => readFileSync(join(base, '.compile-cache/.node'), 'utf8');
    const run = (directory: string) =>
      start(join(base, 'bin/strata'), [], { env: { PATH: `${directory}:${plainPath()}` } }).stdout;
    // A switcher that turns.
    const switcher = fakeNode('v24.15.0');
    expect([run(switcher), run(switcher)]).toEqual(['fake\n', 'fake\n']);
    expect(remembered()).toMatch(/^\?\d+\./);
    expect(run(fakeNode('v20.20.2'))).not.toBe('fake\n');
    // A Node itself: when it is replaced it is asked again.
    const own = join(base, 'own');
    mkdirSync(own);
    symlinkSync(process.execPath, join(own, 'node'));
    expect(run(own)).toContain('"node"');
    expect(remembered()).toMatch(/^\d+\./);
    rmSync(join(own, 'node'));
    write(join(own, 'node'), `#!/bin/sh\n[ "$1" = -v ] && echo v20.20.2 || echo fake\n`);
    expect(run(own)).not.toBe('fake\n');
  });

  it('is asked once also if it is too old', () => {
    layOutClone(base);
    const own = join(base, 'own');
    const answers = '-v) echo v20.20.2 ;; -p) readlink -f "$0" ;; *) echo fake ;;';
    write(join(own, 'node'), `#!/bin/sh\necho "$1" >>'${join(base, 'asked')}'\ncase $1 in ${answers} esac\n`);
    const env = { PATH: `${own}:${plainPath()}` };
    for (let time = 0; time < 3; time++) report(join(base, 'bin/strata'), [], { env });
    expect(readFileSync(join(base, 'asked'), 'utf8')).toBe('-v\n-p\n');
    // And when there is no other, what is told is still true.
    rmSync(join(base, 'node_modules'), { recursive: true });
    mkdirSync(join(base, 'node_modules'));
    expect(start(join(base, 'bin/strata'), [], { env }).stderr).toMatch(/the node on PATH is v20\.20\.2/);
  });

  it('says what is needed when there is none', () => {
    layOutClone(base);
    rmSync(join(base, 'node_modules'), { recursive: true });
    mkdirSync(join(base, 'node_modules'));
    const { status, stderr } = start(join(base, 'bin/strata'), [], {
      env: { PATH: `${fakeNode('v20.20.2')}:${plainPath()}` },
    });
    expect(status).toBe(7);
    expect(stderr).toMatch(/Node 24\.15 or newer is needed; the node on PATH is v20\.20\.2/);
    expect(start(join(base, 'bin/strata')).stderr).toMatch(/the node on PATH is missing/);
  });
});
