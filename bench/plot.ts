/** bench/results.svg: how long every peer takes, in times of Strata's time. Written by hand, and readable in light and in dark. */

import { OPERATIONS, TITLES } from './peers.ts';
import type { Operation } from './peers.ts';
import type { CorpusResult } from './results.ts';
import { ratioOf, wallOf } from './statistics.ts';

const US = 'strata';
/** Bars are cut off here: one slow peer must not make all others look alike. Times Strata's. */
const LIMIT = 6;

/** Pixels. */
const COLUMN = 460;
const LABEL = 120;
const BAR = 13;
const LINE = 16;
const AXIS = 210;
const MARGIN = 16;

const COLOURS: Record<string, string> = {
  strata: '#2f81f7',
  restic: '#d29922',
  borg: '#3fb950',
  casync: '#a371f7',
};
/** The others: archives and copies. */
const GREY = '#8b949e';

interface Piece {
  readonly svg: string;
  readonly height: number;
}

/** One panel for each corpus, two in a row. */
export function plot(results: readonly CorpusResult[]): string {
  const panels = results.map(panel);
  const columns = [panels.filter((_, at) => at % 2 === 0), panels.filter((_, at) => at % 2 === 1)];
  const used = columns.filter((column) => column.length > 0);
  const height = MARGIN + 24 + Math.max(0, ...used.map((column) => sum(column.map((each) => each.height))));
  const width = MARGIN + Math.max(1, used.length) * COLUMN;
  const placed = used.flatMap((column, x) => {
    let y = MARGIN + 24;
    return column.map((each) => {
      const group = `<g transform="translate(${MARGIN + x * COLUMN} ${y})">${each.svg}</g>`;
      y += each.height;
      return group;
    });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Times of all programs by those of Strata">`,
    // A page in dark colours shows the picture with the reader's own preference.
    '<style>text{font:12px system-ui,sans-serif;fill:#1f2328}.big{font-size:14px;font-weight:600}.faint{fill:#59636e}',
    '.grid{stroke:#8b949e;stroke-opacity:.5;stroke-dasharray:2 3}',
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.faint{fill:#9198a1}}</style>',
    `<text x="${MARGIN}" y="${MARGIN + 4}" class="faint">wall time, in times of Strata’s (dashed line): a longer bar is slower</text>`,
    ...placed,
    '</svg>',
    '',
  ].join('\n');
}

function panel(result: CorpusResult): Piece {
  const parts: string[] = [`<text y="14" class="big">${text(result.corpus)}</text>`];
  let y = 22;
  for (const operation of OPERATIONS) {
    const group = bars(result, operation);
    if (group === undefined) continue;
    parts.push(`<g transform="translate(0 ${y})">${group.svg}</g>`);
    y += group.height;
  }
  return { svg: parts.join('\n'), height: y + 12 };
}

function bars({ rows }: CorpusResult, operation: Operation): Piece | undefined {
  const us = wallOf(rows, US, operation);
  if (us === undefined) return undefined;
  const peers = [...new Set(rows.map((row) => row.peer))];
  const lines = peers.flatMap((peer) => {
    const wall = wallOf(rows, peer, operation);
    const ratio = peer === US ? 1 : ratioOf(rows, peer, US, operation);
    return wall === undefined || ratio === undefined ? [] : [{ peer, wall, ratio }];
  });
  lines.sort((a, b) => Number(b.peer === US) - Number(a.peer === US) || a.ratio - b.ratio);
  const unit = AXIS / LIMIT;
  const drawn = lines.map(({ peer, wall, ratio }, at) => {
    const y = 18 + at * LINE;
    const length = Math.max(1, Math.min(ratio, LIMIT) * unit);
    const times = peer === US ? '' : ` · ${ratio.toFixed(2)}×${ratio > LIMIT ? ' →' : ''}`;
    return [
      `<text x="${LABEL - 6}" y="${y + 10}" text-anchor="end">${text(peer)}</text>`,
      `<rect x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[peer] ?? GREY}"/>`,
      `<text x="${(LABEL + length + 5).toFixed(1)}" y="${y + 10}" class="faint">${wall.toFixed(2)} s${times}</text>`,
    ].join('');
  });
  const bottom = 18 + lines.length * LINE;
  const line = `<line class="grid" x1="${LABEL + unit}" x2="${LABEL + unit}" y1="16" y2="${bottom}"/>`;
  return {
    svg: [`<text y="12">${text(TITLES[operation])}</text>`, line, ...drawn].join('\n'),
    height: bottom + 8,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function text(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
