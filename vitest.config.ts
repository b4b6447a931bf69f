import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Tests change directory, mount and kill: each file has a process of its own.
    pool: 'forks',
    // Threads of tests run TypeScript, which Node strips of its types by a WebAssembly that calls back. V8 makes those calls faster after the first
    // thousand of each thread, and ends the process when threads that come and go do that at once (`Check failed: jit_page.has_value()`). What is
    // built has no such calls.
    execArgv: ['--wasm-wrapper-tiering-budget=2147483647'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
