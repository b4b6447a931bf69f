/** What is wrong with an archive, said so that one finds the place in it. */

import { StrataError } from '../base/index.ts';
import { displayName } from '../tree/index.ts';

/** Bytes of a name that are told: it may be as long as its maker likes. */
const SHOWN = 200;

/** For one entry. @param name as it stands in the archive */
export function refusal(name: Uint8Array, reason: string, hint?: string): StrataError {
  const shown = nameText(name);
  return new StrataError('bad_input', `the archive has an entry ${shown}: ${reason}`, {
    hint:
      hint ??
      'Nothing was saved. Make the archive again without this entry, or unpack it and save the directory.',
    details: { entry: shown },
  });
}

/** @param position where it was seen, in bytes from the start */
export function damagedArchive(position: number, reason: string): StrataError {
  return new StrataError('bad_input', `the archive is damaged: ${reason} (at byte ${position})`, {
    hint: 'Nothing was saved. Copy or make the archive again.',
    details: { position },
  });
}

export function cutOff(position: number): StrataError {
  return new StrataError(
    'bad_input',
    `the archive ends too early, after ${position} bytes: a part of it is missing`,
    {
      hint: 'Nothing was saved. Copy or make the archive again, and look whether what writes it has failed.',
      details: { position },
    },
  );
}

export function nameText(name: Uint8Array): string {
  if (name.length === 0) return '""';
  if (name.length <= SHOWN) return displayName(name);
  return `${displayName(name.subarray(0, SHOWN / 2))}…${displayName(name.subarray(-SHOWN / 2))}`;
}
