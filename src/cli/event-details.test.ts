import { expect, it } from 'vitest';

import { detailsText } from './event-details.ts';
import { formatDate } from './format.ts';
import { DAY, NOW } from './session.fixture.ts';

it('[C37] details of sessions: lengths, times and sizes as people read them, nothing that is empty', () => {
  expect(
    detailsText('session.created', { agent: '', storageType: 'volume', mobility: 'local', from: null }),
  ).toBe('storageType volume, mobility local');
  expect(
    detailsText('session.terminated', {
      requested: null,
      effective: 4000,
      clamped: false,
      expiresAt: NOW + DAY,
    }),
  ).toBe(`effective 4s, clamped false, expiresAt ${formatDate(NOW + DAY)}`);
  expect(detailsText('session.expiring', { expiresAt: NOW })).toBe(`expiresAt ${formatDate(NOW)}`);
  expect(
    detailsText('session.quota_exceeded', {
      task: 'task-0123456789ab',
      usedBytes: 34 * 1024 * 1024,
      limitBytes: 32 * 1024 * 1024,
      stopped: true,
    }),
  ).toBe('task task-0123456789ab, usedBytes 34.0 MB, limitBytes 32.0 MB, stopped true');
});
