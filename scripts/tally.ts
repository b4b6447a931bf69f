/** Sums up the JSON report of vitest: what was skipped, by name, then `tests: N passed, N failed, N skipped`. */

import { readFileSync } from 'node:fs';

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly ancestorTitles: readonly string[];
      readonly title: string;
    }[];
  }[];
}

const [path = ''] = process.argv.slice(2);
const text = readFileSync(path, 'utf8');
// A run that died has no report. It must not look like one that found nothing wrong.
const files = text === '' ? undefined : (JSON.parse(text) as Report).testResults;

let passed = 0;
let failed = files === undefined ? 1 : 0;
let skipped = 0;
const skippedSuites = new Set<string>();
for (const { status, assertionResults } of files ?? []) {
  // A file that cannot be loaded has no tests to fail.
  if (status === 'failed' && !assertionResults.some((each) => each.status === 'failed')) failed++;
  for (const test of assertionResults) {
    if (test.status === 'passed') passed++;
    else if (test.status === 'failed') failed++;
    else {
      skipped++;
      skippedSuites.add(test.ancestorTitles[0] ?? test.title);
    }
  }
}

for (const name of skippedSuites) console.log(`skipped: ${name}`);
console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
