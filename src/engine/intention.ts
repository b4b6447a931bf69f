/** What a call wants of a home. */

import type { OpenVaultOptions } from '../vault/index.ts';

/**
 * What a call may bring into being: `read` and `change` nothing, `write` a home that is not there yet, the others also the database of
 * a store that is there. All but `read` write to the home.
 */
export type Intention = 'read' | 'change' | 'write' | 'rebuild' | 'attach to read' | 'attach to own';

export const ATTACH: Partial<Record<Intention, OpenVaultOptions['attach']>> = {
  rebuild: 'rebuild',
  'attach to read': 'read',
  'attach to own': 'own',
};

export function makesNothing(intention: Intention): boolean {
  return intention === 'read' || intention === 'change';
}
