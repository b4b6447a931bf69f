/**
 * Bundles src/ and what it depends on for dist/: reading a few files instead of 500 halves the time of a short command. What is
 * imported lazily stays a file of its own.
 */

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

/**
 * An `import` of a module of Node asks for each of its exports, and many load more when they are asked for: `node:fs` brings
 * promises and readline, `node:crypto` all of web crypto. 10 ms in all, which this call does without.
 */
const builtinsByCall: Plugin = {
  name: 'builtins-by-call',
  renderChunk: (code) =>
    code
      .replace(/\bimport\("(node:[\w/]+)"\)/g, 'Promise.resolve(globalThis.process.getBuiltinModule("$1"))')
      .replace(
        /^import (?:([\w$]+)(?:, )?)?(?:\{([^{}]*)\})? from "(node:[\w/]+)";$/gm,
        (_, whole: string | undefined, names: string | undefined, module: string) => {
          const call = `globalThis.process.getBuiltinModule("${module}")`;
          const parts = names === undefined ? [] : [`{${names.replaceAll(' as ', ': ')}} = ${whole ?? call}`];
          return `const ${[...(whole === undefined ? [] : [`${whole} = ${call}`]), ...parts].join(', ')};`;
        },
      ),
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

export default defineConfig({
  // All one level deep, like the rooms of src/: the code finds package.json and the modules of threads from wherever it ended up.
  input: {
    'lib/index': 'src/index.ts',
    'cli/main': 'src/cli/main.ts',
    'disk/save-thread': 'src/disk/save-thread.ts',
    'disk/restore-thread': 'src/disk/restore-thread.ts',
    'disk/look-ahead-thread': 'src/disk/look-ahead-thread.ts',
  },
  platform: 'node',
  // Packages that come in both forms as modules, of which only what is used is taken: half of the SDK for S3.
  resolve: { mainFields: ['module', 'main'] },
  plugins: [withoutSubprograms, operationsWeUse, builtinsByCall],
  output: {
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
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
