/** Whether what lies in the place of a store is the one that its home belongs to. */

import { StrataError, equalBytes, toHex } from '../base/index.ts';
import { FORMAT_NAME } from './names.ts';
import type { VaultWorld } from './world.ts';

/** A disk that is not mounted has no keys either; here somebody has lost one object, and the database knows what it said. */
export function formatLost(label: string): StrataError {
  return new StrataError('integrity', `${label} has lost its \`${FORMAT_NAME}\` object`, {
    hint: '`strata store rebuild-index` writes it anew.',
    details: { object: FORMAT_NAME },
  });
}

/** @throws unavailable, not_ours */
export function checkStore(
  { store, region }: VaultWorld,
  expected: Uint8Array,
  found: Uint8Array | undefined,
): void {
  const section = sectionOf(region);
  if (found === undefined) {
    throw new StrataError('unavailable', `${store.label} is not there, or is empty`, {
      hint: `Is its disk mounted, and does ${section} in the configuration name the right place?`,
    });
  }
  if (!equalBytes(found, expected)) {
    throw new StrataError(
      'not_ours',
      `${store.label} is another store than the one that this home belongs to`,
      {
        hint: `Name the right place in ${section} in the configuration, or use another home for this store.`,
        details: { expected: toHex(expected), found: toHex(found) },
      },
    );
  }
}

/** There is a store, and nothing of this home in it. */
export function noRecord({ store, region }: VaultWorld): StrataError {
  const flag = region === 'default' ? '' : ` --region ${region}`;
  return new StrataError('not_found', `${store.label} has data, but this home has no record of it`, {
    hint: `\`strata store attach\` reads what another home has there. If the database of this home was lost, \`strata store rebuild-index${flag}\` makes it anew, and stops any other home that owns the store. Else name another place in ${sectionOf(region)} in the configuration.`,
  });
}

/** Where the configuration says where a region is. */
function sectionOf(region: string): string {
  return region === 'default' ? '`storage`' : `\`regions.${region}\``;
}
