import { expect, it } from 'vitest';

import { Flaws } from './flaw.ts';

it('[B18] flaws are told in the order of the text, with line and column', () => {
  const flaws = new Flaws('ab\n\ncd\r\nef');
  for (const offset of [8, 0, 4, 3, 2, 10]) flaws.add(offset, `at ${offset}`);
  expect(flaws.list().map(({ line, column, message }) => [line, column, message])).toEqual([
    [1, 1, 'at 0'],
    [1, 3, 'at 2'],
    [2, 1, 'at 3'],
    [3, 1, 'at 4'],
    [4, 1, 'at 8'],
    [4, 3, 'at 10'],
  ]);
});

it('[B18] of several flaws each says what may have been meant; of one alone the hint does', () => {
  const flaws = new Flaws('x');
  flaws.add(0, 'unknown key stps', { near: () => ['steps', 'step'] });
  expect(flaws.error('a.yml')).toMatchObject({
    message: 'a.yml:1:1: unknown key stps',
    hint: 'Did you mean steps or step?',
  });
  flaws.add(0, 'no such task');
  flaws.add(0, 'unknown key rnu', { near: () => ['run'] });
  expect(flaws.error('a.yml')).toMatchObject({
    message:
      'a.yml:1:1: unknown key stps (did you mean steps or step?)\na.yml:1:1: no such task\na.yml:1:1: unknown key rnu (did you mean run?)',
    hint: 'Correct the file; nothing was changed.',
  });
});

it('[B18] twenty are told, a thousand kept, all counted; near names are looked for as long as they are told', () => {
  const flaws = new Flaws('x');
  let asked = 0;
  for (let at = 0; at < 5000; at++) {
    flaws.add(0, `flaw ${at}`, { unknownKey: true, near: () => [`near ${asked++}`] });
  }
  const error = flaws.error('a.yml', { file: '/a.yml' });
  expect(error.code).toBe('unknown_config_key');
  expect(error.message.split('\n')).toHaveLength(21);
  expect(error.message).toMatch(/^a\.yml:1:1: flaw 0 \(did you mean near 0\?\)\n[^]*\nand 4980 more$/);
  expect(error.details['problems']).toHaveLength(1000);
  expect(asked).toBe(20);
  flaws.add(0, 'another kind');
  expect(flaws.error('a.yml').code).toBe('bad_input');
});
