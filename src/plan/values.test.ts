import { expect, it } from 'vitest';

import { resolveEnvironment } from './environment.ts';
import { matchExecutor, matchExecutors } from './executors.ts';
import { parseBytes, parseTimeout } from './length.ts';
import type { Runtime } from './definition.ts';
import type { ExecutorDefinition } from './run-state.ts';

it.each([
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['90s', 90_000],
  ['.5s', 500],
  ['1m0.5s', 60_500],
  ['300ms', 300],
  ['2500us', 3],
  ['1000000ns', 1],
  ['2d', 172_800_000],
  ['1w', 604_800_000],
  ['36525d', 3_155_760_000_000],
  ...[
    '',
    '30',
    '0s',
    '1ns',
    '-1m',
    '1h 30m',
    'm',
    '1.2.3s',
    '1e3s',
    '1y',
    '36526d',
    `${'9'.repeat(59)}w`,
    `${'1s'.repeat(50)}`,
    '1h\n',
  ].map((text): [string, undefined] => [text, undefined]),
])('[P14] the time %j is %s ms', (text, milliseconds) => {
  expect(parseTimeout(text)).toBe(milliseconds);
});

it.each([
  ['1', 1],
  ['1k', 1000],
  ['512Mi', 2 ** 29],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['0.3', 1],
  ['2G', 2e9],
  ['1Ti', 2 ** 40],
  ...['', '0', '-1', '1KB', '1 Mi', '1e3', '9007199254740993', '99999Ti', '1m', 'Mi'].map(
    (text): [string, undefined] => [text, undefined],
  ),
])('[P14] the size %j is %s bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

it('[P13] variables are put in, and all that are missing are named', () => {
  const environment = Object.fromEntries<string | { fromVariable: string }>([
    ['A', 'text'],
    ['__proto__', { fromVariable: '__proto__' }],
    ['B', { fromVariable: 'b' }],
    ['C', { fromVariable: 'constructor' }],
  ]);
  expect(resolveEnvironment(environment, new Map([['b', '']]))).toEqual({
    missing: [
      { name: '__proto__', variable: '__proto__' },
      { name: 'C', variable: 'constructor' },
    ],
  });
  const given = new Map(Object.entries({ b: '', constructor: 'c' })).set('__proto__', 'p');
  const resolved = resolveEnvironment(environment, given);
  expect('values' in resolved && Object.entries(resolved.values)).toEqual([
    ['A', 'text'],
    ['__proto__', 'p'],
    ['B', ''],
    ['C', 'c'],
  ]);
});

const executor = (name: string, more: Partial<ExecutorDefinition> = {}): ExecutorDefinition => ({
  name,
  type: 'host',
  arch: 'amd64',
  labels: [],
  slots: 1,
  ...more,
});
const EXECUTORS = [
  executor('here'),
  executor('big', { labels: ['docker', 'fast'] }),
  executor('arm', { arch: 'arm64', labels: ['docker', 'slow'] }),
  executor('pods', { type: 'podman' }),
];
const host = (arch?: string, ...labels: string[]): Runtime => ({ type: 'host', arch, labels });
const container = {
  image: 'i',
  environment: {},
  user: undefined,
  privileged: false,
  entrypoint: undefined,
  volumes: [],
};
const pod = (arch?: string, ...labels: string[]): Runtime => ({
  type: 'pod',
  arch,
  labels,
  containers: [container],
});

it.each<[Runtime, string[]]>([
  [host(), ['here', 'big', 'arm']],
  [host('amd64'), ['here', 'big']],
  [host('arm64'), ['arm']],
  [host(undefined, 'docker'), ['big', 'arm']],
  [host(undefined, 'slow', 'docker'), ['arm']],
  [pod(), ['pods']],
  [pod('amd64'), ['pods']],
])('[P18] %j runs on %j', (runtime, names) => {
  const match = matchExecutors(runtime, EXECUTORS);
  expect('executors' in match && match.executors.map(({ name }) => name)).toEqual(names);
  expect(matchExecutor(runtime, EXECUTORS)).toMatchObject({ name: names[0] });
});

it.each<[Runtime, string]>([
  [host('riscv64'), 'no executor of the type host is riscv64: there is amd64, arm64'],
  [host('amd64', 'dokcer'), 'no executor of the type host has the label dokcer: did you mean docker?'],
  [host('amd64', 'slow'), 'no executor of the type host has the label slow'],
  [host(undefined, 'fast', 'slow'), 'no executor has all the labels fast, slow'],
  [pod('arm64'), 'no executor of the type podman is arm64: there is amd64'],
])('[P18] nothing for %j: %s', (runtime, flaw) => {
  expect(matchExecutor(runtime, EXECUTORS)).toEqual({ flaw });
});

it('[P18] without an executor of the type there is nothing', () => {
  expect(matchExecutor(pod(), [executor('here')])).toEqual({ flaw: 'no executor is of the type podman' });
});
