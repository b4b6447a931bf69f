/**
 * Bundles src/ and what it depends on for dist/: reading a few files instead of 500 halves the time of a short command. What is
 * imported lazily stays a file of its own.
 */

import { isBuiltin } from 'node:module';
import { basename } from 'node:path';

import { defineConfig } from 'rolldown';
import type { Plugin } from 'rolldown';

const NOTHING = '\0nothing';

/** Commander can start programs as its subcommands, which we do not do; loading what that takes costs 4 ms each time. */
const withoutSubprograms: Plugin = {
  name: 'without-subprograms',
  resolveId: (source, importer) =>
    source === 'node:child_process' && importer?.includes('/node_modules/commander/') ? NOTHING : undefined,
  load: (id) => (id === NOTHING ? 'export default {};' : undefined),
};

/** What is imported lazily of Node. Scripts are not modules, so there is no other `import()` in them. */
const builtinsByCall: Plugin = {
  name: 'builtins-by-call',
  renderChunk: (code, { fileName }) => {
    const replaced = code.replace(/\bimport\("((?:node:)?[\w/]+)"\)/g, (call, name: string) =>
      isBuiltin(name) ? `Promise.resolve(process.getBuiltinModule("${name}"))` : call,
    );
    if (/\bimport\(/.test(replaced)) throw new Error(`${fileName} imports what is not in the build`);
    return replaced;
  },
};

/** What Node starts, be it a process or a thread: the loader, which loads the script. */
const starters: Plugin = {
  name: 'starters',
  generateBundle() {
    for (const started of STARTED) {
      const path = `require('node:path').join(__dirname, '../${scriptOf(started)}.cjs')`;
      const source = `require('../loader/index.cjs').load(${path}, ${started.endsWith('-thread')});\n`;
      this.emitFile({ type: 'asset', fileName: `${started}.cjs`, source });
    }
  },
};

/**
 * Each operation of S3 is a class that extends what a call has made, which counts as doing something: a hundred of them, with their shapes, that we
 * never ask for. As the value of a call that is known to do nothing they are left out.
 */
const operationsWeUse: Plugin = {
  name: 'operations-we-use',
  transform: (code, id) =>
    id.includes('/client-s3/dist-es/commands/')
      ? code.replace(
          /^export class (\w+) extends (.*) \{\s*\}$/gms,
          'export const $1 = /*#__PURE__*/ (() => class $1 extends $2 {})();',
        )
      : undefined,
};

/** Below src/, and where the build has what starts them. */
const STARTED = ['cli/main', 'disk/save-thread', 'disk/restore-thread', 'disk/look-ahead-thread'];
const scriptOf = (started: string) => `scripts/${basename(started)}`;

export default defineConfig({
  // All one level deep, like the rooms of src/: the code finds package.json and the modules of threads from wherever it ended up.
  input: {
    'lib/index': 'src/index.ts',
    'loader/index': 'src/loader/index.ts',
    ...Object.fromEntries(STARTED.map((started) => [scriptOf(started), `src/${started}.ts`])),
  },
  platform: 'node',
  // Packages that come in both forms as modules, of which only what is used is taken: half of the SDK for S3.
  resolve: { mainFields: ['module', 'main'] },
  plugins: [withoutSubprograms, operationsWeUse, builtinsByCall, starters],
  output: {
    // Of scripts V8 can keep all code that was compiled, of modules only what is when they are loaded.
    format: 'cjs',
    strict: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    // They are a third of what would be read at each start.
    comments: false,
    // What is always loaded together is one file, with all that it imports and none before it has: each costs half a millisecond. Threads
    // have of the first five what they need.
    codeSplitting: {
      groups: [
        { name: 'base', test: /\/src\/base\//, priority: 8 },
        // Help and what only reads paths needs no keys.
        { name: 'tree', test: /\/src\/tree\/index\.ts$/, priority: 7 },
        { name: 'look', test: /\/src\/disk\/foresee\.ts$/, priority: 6 },
        { name: 'vault', test: /\/src\/vault\/index\.ts$/, priority: 5 },
        { name: 'thread', test: /\/src\/disk\/(?:save-worker|fill)\.ts$/, priority: 4 },
        {
          name: 'start',
          test: /\/src\/cli\/(?:run|argument|failure|format|help|nouns|terminal|version)\.ts$|\/commander\//,
          priority: 3,
        },
        { name: 'engine', test: /\/src\/engine\/index\.ts$/, priority: 2 },
        {
          name: 'command',
          test: /\/src\/cli\/(?:invocation|progress|region|shapes|clock|history)\.ts$/,
          priority: 1,
        },
      ],
    },
  },
});
