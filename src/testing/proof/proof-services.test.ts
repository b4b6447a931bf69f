import { fewCasesOf } from './few-cases.fixture.ts';
import { ROWS } from './rows.ts';

fewCasesOf(ROWS.filter(({ needs = [] }) => needs.includes('radosgw')));
