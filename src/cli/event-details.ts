/** The details of an event in words. */

import type { EventKind } from '../workspace/index.ts';
import { counted, formatBytes, formatDate } from './format.ts';
import { leapText } from './clock.ts';
import { lengthText } from './session-shapes.ts';

type Details = Readonly<Record<string, unknown>>;

/** How a snapshot came about, by its kind. */
const MADE: Readonly<Record<string, string>> = {
  save: 'saved',
  fork: 'forked',
  restore: 'put back',
  conflict: 'kept as a conflict',
};

/** Others are told as they are: `name value, name value`. */
const WORDS: Partial<Record<EventKind, (details: Details) => string>> = {
  'snapshot.created': (details) =>
    `@${text(details['snapshot'])} ${MADE[text(details['kind'])] ?? 'made'}: ${figures(details)}`,
  'snapshot.forgotten': (details) => `@${text(details['snapshot'])}${inRegion(details['region'])}`,
  'workspace.forked': ({ from }) => `from ${text(from)}`,
  'workspace.removed': ({ snapshots, region }) =>
    `with ${counted(number(snapshots), 'snapshot')}${inRegion(region)}`,
  'workspace.replicated': (details) =>
    `@${text(details['snapshot'])} from ${text(details['from'])} to ${text(details['to'])}: ${figures(details)}`,
  'clock.leapt': ({ leapSeconds, until }) =>
    `${leapText(number(leapSeconds) * 1000)}; nothing goes by its age until ${dateText(until)}`,
};

export function detailsText(kind: EventKind, details: Details): string {
  return (WORDS[kind] ?? plain)(details);
}

/** Numbers that say nothing as they are, by what they are called. */
const FIGURES: Readonly<Record<string, (value: number) => string>> = {
  requested: lengthText,
  effective: lengthText,
  expiresAt: formatDate,
  usedBytes: formatBytes,
  limitBytes: formatBytes,
};

function plain(details: Details): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name} ${typeof value === 'number' ? figure(name, value) : text(value)}`)
    .join(', ');
}

function figure(name: string, value: number): string {
  return Object.hasOwn(FIGURES, name) ? FIGURES[name]!(value) : text(value);
}

function figures({ files, bytes, newBytes }: Details): string {
  return `${counted(number(files), 'file')}, ${formatBytes(number(bytes))}, ${formatBytes(number(newBytes))} new`;
}

/** Only the unusual one is told. */
function inRegion(region: unknown): string {
  return region === undefined || region === 'default' ? '' : ` in ${text(region)}`;
}

/** @param value in ISO 8601 */
function dateText(value: unknown): string {
  const date = Date.parse(text(value));
  return Number.isNaN(date) ? text(value) : formatDate(date);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
