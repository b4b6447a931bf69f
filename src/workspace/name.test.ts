import { describe, expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { displayPath } from '../tree/index.ts';
import { checkName, defaultName, parseRef } from './name.ts';

describe('references', () => {
  it.each([
    ['web', 'web', undefined, undefined],
    ['web@3', 'web', 3, undefined],
    ['web:src/a.ts', 'web', undefined, 'src/a.ts'],
    ['web@12:src/', 'web', 12, 'src'],
    ['web:', 'web', undefined, ''],
    ['web:a:b@c', 'web', undefined, 'a:b@c'],
    [`web@${'0a'.repeat(16)}`, 'web', '0a'.repeat(16), undefined],
  ])('[W6] %s', (text, workspace, snapshot, path) => {
    const ref = parseRef(text);
    expect(ref.workspace).toBe(workspace);
    expect(ref.snapshot).toBe(snapshot);
    expect(ref.path && displayPath(ref.path)).toBe(path);
  });

  it.each([
    '',
    '@1',
    ':a',
    'we b',
    '-a',
    '.a',
    'a/b',
    'web@',
    'web@0',
    'web@-1',
    'web@x',
    'web@1.5',
    'web:../x',
    'a'.repeat(129),
  ])('[W6] refuses %j', (text) => {
    expect(thrownBy(() => parseRef(text)).code).toBe('bad_input');
  });

  it('[W6] takes the name of a directory unless it is none for a workspace', () => {
    expect(defaultName('/tmp/some/web.app/')).toBe('web.app');
    expect(thrownBy(() => defaultName('/tmp/my files')).hint).toContain('-w NAME');
    expect(thrownBy(() => defaultName('/')).code).toBe('bad_input');
    expect(checkName('A.b_c-1')).toBe('A.b_c-1');
  });
});
