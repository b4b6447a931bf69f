/** The programs that are compared, each as the shell commands of its operations. */

export const OPERATIONS = ['save', 'save again', 'restore'] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Commands see `$TREE` (what to save), `$STORE` (theirs alone) and `$OUT` (does not exist yet). */
export interface Peer {
  readonly name: string;
  /** Tells whether it is installed. */
  readonly probe: string;
  readonly init?: string;
  readonly commands: Partial<Record<Operation, string>>;
}

/** Every other peer is compared with the first. */
export function peers(strata: string): readonly Peer[] {
  const options = `--home "$STORE" --quiet`;
  return [
    {
      name: 'strata',
      probe: `'${strata}' version`,
      commands: {
        save: `'${strata}' ${options} workspaces save "$TREE" -w tree`,
        'save again': `'${strata}' ${options} workspaces save "$TREE" -w tree`,
        restore: `'${strata}' ${options} workspaces restore tree "$OUT"`,
      },
    },
    {
      name: 'restic',
      probe: 'restic version',
      init: 'restic init --repository-version 2 -q',
      commands: {
        save: 'cd "$TREE" && restic backup -q .',
        'save again': 'cd "$TREE" && restic backup -q .',
        restore: 'restic restore latest -q --target "$OUT"',
      },
    },
    {
      name: 'tar + zstd -1',
      probe: 'tar --version && zstd --version',
      init: 'mkdir -p "$STORE"',
      commands: {
        save: 'tar -cf - -C "$TREE" . | zstd -1 -T2 -q -o "$STORE/1.tar.zst"',
        'save again': 'tar -cf - -C "$TREE" . | zstd -1 -T2 -q -o "$STORE/2.tar.zst"',
        restore: 'mkdir "$OUT" && zstd -dcq "$STORE/1.tar.zst" | tar -xf - -C "$OUT"',
      },
    },
  ];
}
