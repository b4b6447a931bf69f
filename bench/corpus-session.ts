/** The corpus `session`: what the directory of an agent looks like after some hours of work. */

import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { npmInstall, unpack } from './npm.ts';
import { shell } from './shell.ts';

/** Packages with their sources, by commit: each commit is the next version of everything. */
const COMMITS = [
  { effect: '3.10.0', rxjs: '7.4.0', three: '0.165.0' },
  { effect: '3.10.5', rxjs: '7.5.0', three: '0.166.0' },
  { effect: '3.10.10', rxjs: '7.5.7', three: '0.167.0' },
  { effect: '3.10.15', rxjs: '7.6.0', three: '0.169.0' },
  { effect: '3.11.0', rxjs: '7.8.0', three: '0.170.0' },
  { effect: '3.11.3', rxjs: '7.8.1', three: '0.171.0' },
];
/** The commits up to here are in one pack, the others are loose objects. */
const PACKED = 4;

/** What was built from the sources is not kept: dist/ is made anew. */
const BUILT = ['effect/dist', 'rxjs/dist', 'three/build'];

export async function buildSession(tree: string, locks: string, signal: AbortSignal): Promise<void> {
  await git(tree, 'init -q -b main && rm -f .git/hooks/*', 0, signal);
  writeFileSync(join(tree, '.gitignore'), 'node_modules\ndist\n');
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(locks, name), join(tree, name));
  const packages = join(tree, 'packages');
  for (const [at, versions] of COMMITS.entries()) {
    rmSync(packages, { recursive: true, force: true });
    for (const [name, version] of Object.entries(versions))
      await unpack(`${name}@${version}`, join(packages, name), signal);
    for (const built of BUILT) rmSync(join(packages, built), { recursive: true, force: true });
    await git(tree, `add -A && git commit -q -m 'version ${at + 1}'`, at, signal);
    if (at + 1 === PACKED)
      await git(tree, '-c pack.threads=1 repack -q -adf && git prune-packed -q', at, signal);
  }
  await npmInstall(locks, tree, signal);
  await shell(BUILD, { cwd: tree, signal });
}

/** Bundles, and each source for itself, all with maps. */
const BUILD = `set -e
esbuild=node_modules/@esbuild/*/bin/esbuild
for options in '--outfile=dist/three.js' '--minify --outfile=dist/three.min.js'; do
  $esbuild packages/three/src/Three.js --bundle --sourcemap --format=esm $options --log-level=error
done
find packages/three/src packages/three/examples/jsm packages/effect/src packages/rxjs/src -name '*.[jt]s' ! -name '*.d.ts' |
  sort | xargs -n 400 $esbuild --outbase=packages --outdir=dist/packages --sourcemap --log-level=error`;

/** The same commits each time: no settings, names or clocks of this machine. */
async function git(tree: string, words: string, day: number, signal: AbortSignal): Promise<void> {
  const date = new Date(Date.UTC(2025, 0, 1 + day, 12)).toISOString();
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'agent',
    GIT_AUTHOR_EMAIL: 'agent@example.invalid',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: 'agent',
    GIT_COMMITTER_EMAIL: 'agent@example.invalid',
    GIT_COMMITTER_DATE: date,
  };
  await shell(`git ${words}`, { cwd: tree, env, signal });
}
