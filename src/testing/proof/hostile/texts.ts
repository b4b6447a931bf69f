/** Hostile texts: what a person, or a stranger whose directory one stands in, may have written. */

import { isStrataError, utf8 } from '../../../base/index.ts';
import { parseConfig } from '../../../engine/config.ts';
import { formatRootKey, parseRootKey } from '../../../vault/index.ts';
import { formatText, parseFormat } from '../../../vault/format.ts';
import { idOf, parseName } from '../../../vault/names.ts';
import { parseRef } from '../../../workspace/name.ts';
import { noise } from '../../noise.ts';
import { ROOT } from '../../vault.ts';
import type { Chance } from '../chance.ts';
import { outcomeOf } from './outcome.ts';

const CONFIG = `storage:
  provider: local
  local: { path: store }
  s3: { bucket: b, region: r, prefix: p, endpoint: "http://x", force_path_style: true }
  gcs: { bucket: b, prefix: p }
  encryption: { key_file: ./keys/root.key }
  workspace:
    base_dir: ./workspaces
    default_quota_mb: 10240
    retention: { default: 7d, max: 30d, min: 1d }
`;

const BITS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '-',
  '&a',
  '*a',
  '!!js/function',
  '<<',
  '? ',
  '|',
  '>',
  '#',
  '"',
  "'",
  '\t',
  '\n',
  '\r',
  '\0',
  '\uFEFF',
  '~',
  'null',
  'true',
  '1e999',
  '0x7fffffffffffffff',
  '.nan',
  '.inf',
  '1:2',
  '__proto__',
  'constructor',
  'toString',
  '%YAML 9.9',
  '---',
  '...',
  '2026-01-01',
  '7d',
  '-1',
  '\u2028',
  'storage',
  'local',
  'retention',
  'max',
  '/',
  '..',
  '@',
  '@1',
  ':',
  'x'.repeat(300),
  '[['.repeat(40),
];

export async function hostileText(chance: Chance): Promise<string> {
  const kind = chance.pick(['config', 'config', 'key', 'format', 'name', 'reference'] as const);
  return `${kind}: ${await outcomeOf(() => READERS[kind](chance))}`;
}

const READERS = {
  config: async (chance: Chance) => {
    const source = { file: '/x/strata.yaml', shown: 'strata.yaml', text: garbled(CONFIG, chance) };
    const config = await parseConfig(source, { home: '/home', user: '/user' });
    if (Object.getPrototypeOf(config) !== Object.prototype) throw new Error('a text chose a prototype');
    for (const path of [config.storage.local.path, config.storage.workspace.baseDir])
      if (typeof path !== 'string' || !path.startsWith('/')) throw new Error(`${String(path)} is no path`);
  },
  key: (chance: Chance) => {
    const text = formatRootKey(ROOT);
    const read = parseRootKey(garbled(chance.once(2) ? text : `# comment\n${text}\n`, chance), 'a key file');
    if (formatRootKey(read) !== text) throw new Error('a mistyped key was taken for another one');
  },
  format: (chance: Chance) => {
    const text = formatText(noise('store', 16));
    const told = garbled(text, chance);
    parseFormat(utf8(told), 'a store');
    if (told !== text) throw new Error('a changed format was taken for true');
  },
  name: (chance: Chance) => {
    const id = '0123456789abcdef'.repeat(2);
    const names = ['format', 'owner/0000000001', `keys/${id}/0000000001`, `tenants/${id}/data/01/${id}`];
    const more = [`tenants/${id}/index/${id}`, `tenants/${id}/heads/${id}/0000000007`];
    parseName(garbled(chance.pick([...names, ...more]), chance));
    try {
      idOf(garbled(id, chance));
    } catch (error) {
      if (!isStrataError(error, 'integrity')) throw error;
    }
  },
  reference: (chance: Chance) => {
    parseRef(garbled('web@3:src/main.ts', chance));
  },
};

function garbled(text: string, chance: Chance): string {
  let told = text;
  for (let left = 1 + chance.below(5); left > 0; left--) {
    const at = chance.below(told.length + 1);
    const length = chance.once(3) ? chance.below(told.length - at + 1) : chance.below(3);
    switch (chance.below(4)) {
      case 0:
        told = told.slice(0, at) + chance.pick(BITS) + told.slice(at);
        break;
      case 1:
        told = told.slice(0, at) + told.slice(at + length);
        break;
      case 2:
        told = told.slice(0, at) + chance.pick(BITS) + told.slice(at + length);
        break;
      default:
        told = told.slice(0, at) + told.slice(at, at + length) + told.slice(at);
    }
  }
  return told;
}
