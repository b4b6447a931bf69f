/** What tests read of a run that `--json` prints. */

export interface TaskShape {
  readonly name: string;
  readonly status: string;
  readonly attempt: number;
  readonly reused: boolean;
  readonly layers: readonly { readonly digest: string }[];
  readonly error: { readonly code: string } | null;
}

export interface RunShape {
  readonly id: string;
  readonly phase: string;
  readonly result: string;
  readonly orphaned: boolean;
  readonly tasks: readonly TaskShape[];
}
