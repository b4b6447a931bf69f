/** Loads the scripts that the build makes of all other rooms: what `require` of Node does, with code that was compiled before. */

import { dirname, join } from 'node:path';

import { CodeCache } from './code-cache.ts';

type Require = (name: string) => unknown;

interface Module {
  exports: unknown;
}

type Body = (exports: unknown, require: Require, module: Module, filename: string, directory: string) => void;

/**
 * @param file the first one, which requires others relative to itself
 * @param isThread whether the process goes on when this ends
 */
export function load(file: string, isThread: boolean): void {
  const cache = new CodeCache(process.env['NODE_COMPILE_CACHE']);
  const modules = new Map<string, Module>();

  const loaded = (path: string): unknown => {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const module: Module = { exports: {} };
    modules.set(path, module);
    const directory = dirname(path);
    const require: Require = (name) => (name.startsWith('.') ? loaded(join(directory, name)) : builtin(name));
    try {
      const body = cache.compile(path).runInThisContext() as Body;
      body.call(module.exports, module.exports, require, module, path, directory);
    } catch (error) {
      // Whoever asks again gets no half of it.
      modules.delete(path);
      throw error;
    }
    return module.exports;
  };

  // When everything that is needed has been compiled.
  process.on('exit', () => cache.keep(!isThread));
  loaded(file);
}

function builtin(name: string): unknown {
  const found = process.getBuiltinModule(name);
  if (found === undefined) throw new Error(`the build asks for ${name}, which this Node does not have`);
  return found;
}
