import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { captureWorld } from './capture.fixture.ts';
import { run } from './run.ts';
import { labels, quota, sessionOptions } from './session-flags.ts';

let cwd: string;
beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'strata-sessions-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function failure(...words: readonly string[]) {
  const home = join(cwd, 'home');
  const world = captureWorld({ cwd, env: { HOME: cwd, STRATA_HOME: home } });
  const exitCode = await run(['--json', 'sessions', ...words], world);
  expect(await world.stdout.settled()).toBe('');
  expect(existsSync(home)).toBe(false);
  const { error } = JSON.parse(await world.stderr.settled()) as {
    error: { code: string; message: string; hint: string };
  };
  return { exitCode, ...error };
}

const RULE =
  /'--workspace-quota <mb>' argument '.*' is invalid\. .*whole number of MB from 1 .*1 MB is 1 MiB/;

it.each([
  ['1', 1],
  ['20480', 20_480],
  ['00020480', 20_480],
  ['67108864', 67_108_864],
])('[C61] a quota of %s', (text, mb) => {
  expect(quota(text)).toBe(mb);
});

it.each([
  ['0', /--help/],
  ['-1', /--help/],
  ['1.5', /--help/],
  ['', /--help/],
  ['+5', /--help/],
  ['1e3', /--help/],
  ['٣', /--help/],
  ['67108865', /--help/],
  ['99999999999999999999', /--help/],
  ['20GB', /^Did you mean 20480\?$/],
  ['20 gb', /^Did you mean 20480\?$/],
  ['1.5GiB', /^Did you mean 1536\?$/],
  ['64T', /^Did you mean 67108864\?$/],
  ['65T', /--help/],
  ['0.1m', /--help/],
])('[C61] %j is no quota', async (text, hint) => {
  for (const verb of [['create'], ['fork', 'dev']])
    expect(await failure(...verb, '--workspace-quota', text)).toMatchObject({
      exitCode: 2,
      code: 'bad_input',
      message: expect.stringMatching(RULE),
      hint: expect.stringMatching(hint),
    });
});

describe('[C61] other flags', () => {
  it.each<[readonly string[], RegExp, RegExp]>([
    [
      ['create', '--workspace-mobility', 'object-sync'],
      /--workspace-mobility.*Give local, shared or object_sync/,
      /mean object_sync\?/,
    ],
    [['create', '--workspace-mobility', 'S3'], /--workspace-mobility.*local, shared or object_sync/, /./],
    [['create', '--storage-type', 'vol'], /--storage-type.*Give volume, pvc or cas\./, /mean volume\?/],
    [['create', '--storage-type', ''], /--storage-type.*volume, pvc or cas/, /--help/],
    [['list', '--state', 'suspend'], /--state.*pending, active, .* or terminated/, /mean suspended\?/],
    [['create', '--labels', 'team'], /--labels.*NAME=VALUE/, /./],
    [['create', '--labels', 'a=b,c=d,a=c'], /--labels.*The label a is given twice/, /--help/],
    [['list', '--labels', 'a=b', '--labels', 'a=b'], /--labels.*The label a is given twice/, /--help/],
    [['create', '--labels', 'a=b,'], /--labels.*NAME=VALUE/, /./],
    [['list', '--labels', '=b'], /--labels.*NAME=VALUE/, /./],
    [['create', '--idle-timeout', '30'], /--idle-timeout.*s, m, h, d or w/, /./],
    [['create', '--retention', 'long'], /--retention.*s, m, h, d or w/, /./],
    [['create', '--from', ''], /--from.*empty/, /./],
    [
      ['create', '--agent', 'a', '--workspace-quota', '20480', ' '],
      /only spaces/,
      /last of it: no space and no comment/,
    ],
    [['create', 'dev'], /create does not take "dev"/, /--name/],
    [['resume', ''], /'session'.*empty/, /./],
    [['resume', 'dev', '--accept-los'], /unknown option/, /--accept-loss/],
    [['diff', 'dev'], /"dev" is the latest/, /dev@1/],
  ])('%j', async (words, message, hint) => {
    expect(await failure(...words)).toMatchObject({
      exitCode: 2,
      code: 'bad_input',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
  });

  it.each<[readonly string[], RegExp]>([
    [['exec'], /missing required argument/],
    [['exec', 'dev', 'ls'], /where the command begins/],
    [['exec', 'dev', 'ls', '-la'], /unknown option '-la'/],
    [['exec', 'dev', '--sandbox', 'on', '--', 'ls'], /--sandbox.*auto, require or off/],
    [['exec', 'dev', '--env', 'X', '--', 'env'], /--env.*NAME=VALUE/],
  ])('[C63] %j ends with 125', async (words, message) => {
    expect(await failure(...words)).toMatchObject({
      exitCode: 125,
      code: 'bad_input',
      message: expect.stringMatching(message),
    });
  });
});

it('[C61] labels repeat, and have commas between them', () => {
  expect({ ...labels('c=4,__proto__=x', labels('a=1,b=x=y')) }).toEqual(
    Object.fromEntries([
      ['a', '1'],
      ['b', 'x=y'],
      ['c', '4'],
      ['__proto__', 'x'],
    ]),
  );
});

it('[C60] what no flag says is not asked for: a fork takes it from its session', () => {
  expect(sessionOptions({})).toEqual({});
  expect(Object.keys(sessionOptions({ agent: 'a', workspaceQuota: 5, workspaceMobility: 'local' }))).toEqual([
    'agent',
    'quotaMb',
    'mobility',
  ]);
});
