import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { noise } from '../testing/noise.ts';
import { prepareFault } from '../testing/proof/fault.ts';
import { createKeyFile } from './key-file.ts';

const MODULE = join(import.meta.dirname, 'key-file.ts');
/** Of each of these, at most. */
const CALLS = 12;

describeWith(['cc'], 'a key file', () => {
  it('[E15] is named by whatever goes wrong with it', () => {
    const base = mkdtempSync(join(tmpdir(), 'strata-key-'));
    try {
      const path = join(base, 'keys', 'root.key');
      createKeyFile(path, (count) => noise('key', count));
      for (const call of ['readKeyFile', 'prepareNextKey', 'activateNextKey']) {
        for (let at = 1; at <= CALLS; at++) {
          const fault = prepareFault(join(base, 'state'), { under: join(base, 'keys'), at, kind: 0 });
          const script = `import { ${call} } from '${MODULE}';
            try { ${call}('${path}', (count) => new Uint8Array(count)); } catch (error) { console.log(error.code, error.message); }`;
          const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
            env: { ...process.env, ...fault.environment },
            encoding: 'utf8',
          });
          const fired = fault.fired();
          if (fired === undefined) break;
          if (stdout !== '') expect(stdout, `${call}, ${fired.what}`).toContain(`key file ${path}`);
        }
      }
    } finally {
      rmSync(base, { recursive: true, force: true });
    }
  }, 60_000);
});
