/** Packages for the corpora, by npm as it is set up on this machine. No script of any package is run. */

import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { quote, shell } from './shell.ts';

const QUIET = '--ignore-scripts --no-audit --no-fund --loglevel=error';

/**
 * npm under the Node of this project: under an older one it quietly takes older packages. What `npm run` tells its scripts of
 * this project is not for the npm that works elsewhere.
 */
export function npmEnvironment(): NodeJS.ProcessEnv {
  const own = /^npm_(?:config_(?:local_prefix|prefix)|package_|lifecycle_|command)/;
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name))),
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  };
}

/** @param source where package.json and package-lock.json are; both become part of the tree */
export async function npmInstall(source: string, tree: string, signal: AbortSignal): Promise<void> {
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(source, name), join(tree, name));
  await shell(`npm ci --legacy-peer-deps ${QUIET}`, { cwd: tree, env: npmEnvironment(), signal });
  // It names the place where the packages came from, which differs from machine to machine.
  rmSync(join(tree, 'node_modules/.package-lock.json'), { force: true });
}

/** @param name with its version: `esbuild@0.24.0` @param place is made */
export async function unpack(name: string, place: string, signal: AbortSignal): Promise<void> {
  mkdirSync(place, { recursive: true });
  await shell(
    `archive=$(npm pack --silent ${quote(name)}) || { echo "npm has no ${name}" >&2; exit 1; }
    tar -xzf "$archive" --strip-components=1 --no-same-owner && rm "$archive" && chmod -R u+rwX,go+rX .`,
    { cwd: place, env: npmEnvironment(), signal },
  );
}
