/** What stands in the cells of the tables of bench/results.md, and the sentence about the machine. */

import type { Machine } from './machine.ts';

export function told({
  date,
  processor,
  memory,
  system,
  load,
  filesystem,
  node,
  commit,
  versions,
}: Machine): string {
  return [
    `Measured ${date} UTC on ${processor}, ${memory}, ${system}; load ${load.toFixed(1)} at the start${filesystem === '' ? '' : `; ${filesystem}`}.`,
    `${[`Node ${node}`, `commit ${commit}`, ...versions].join(', ')}.`,
  ].join(' ');
}

export function line(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].map(oneLine).join(' | ')} |`;
}

/** Neither may end a cell or a row of a table. */
export function oneLine(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll('|', String.raw`\|`);
}

export function counted(number: number, what: string): string {
  return `${number.toLocaleString('en')} ${what}${number === 1 ? '' : 's'}`;
}

export function seconds(number: number): string {
  return number < 10 ? number.toFixed(2) : number.toFixed(1);
}

/** With the digits that mean something. */
export function rounded(number: number): string {
  return number >= 100 ? Math.round(number).toLocaleString('en') : number.toFixed(number >= 10 ? 1 : 2);
}

export function megabytes(bytes: number): string {
  const number = bytes / 1e6;
  return `${number >= 100 ? number.toFixed(0) : number.toFixed(number >= 10 ? 1 : 2)} MB`;
}
