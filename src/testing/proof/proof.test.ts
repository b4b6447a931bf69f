import { describe, expect, it } from 'vitest';

import { fewCasesOf } from './few-cases.fixture.ts';
import { ROWS } from './rows.ts';
import { pageWith } from './totals.ts';
import type { Recorded } from './totals.ts';

// Those of services take as long as all others together, and run beside them.
fewCasesOf(ROWS.filter(({ needs = [] }) => !needs.includes('radosgw')));

describe('totals', () => {
  const page = 'before\n<!-- totals -->\nwhat was there\n<!-- /totals -->\nafter\n';
  const record = (row: string, first: number, hit: Recorded['hit']): Recorded => ({
    row,
    date: `2026-01-0${first}`,
    count: 1000,
    hit,
    seeds: { first, last: first },
    seconds: 1,
    machine: 'm',
  });

  it('are the sums of all recorded runs, and rows that never ran show it', () => {
    const [one, other] = ROWS.map(({ name }) => name) as [string, string];
    const shown = pageWith(page, ROWS, [record(one, 1, { a: 1, b: 2 }), record(one, 3, { a: 1500 })]);
    expect(shown).toMatch(/^before\n<!-- totals -->\n\n\|[^]*\|\n\n<!-- \/totals -->\nafter\n$/);
    expect(shown).not.toContain('what was there');
    expect(shown).toMatch(new RegExp(`^\\| ${one} .* \\| 2,000 kills \\| 0 \\| 2026-01-03 \\|$`, 'm'));
    expect(shown).toMatch(new RegExp(`^\\| ${one} \\| a 1,501, b 2 \\| .* \\| 1–1, 3–3 \\| m \\|$`, 'm'));
    expect(shown).toMatch(new RegExp(`^\\| ${other} .* \\| 0 kills \\| 0 \\| never \\|$`, 'm'));
  });

  it('need their place', () => {
    expect(() => pageWith('nothing', ROWS, [])).toThrow(/has lost the lines/);
  });
});
