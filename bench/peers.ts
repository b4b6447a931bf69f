/** The programs that are compared, each as the shell commands of its operations. */

import { quote } from './shell.ts';

/** `line`, `near` and `far` only of programs that use a service. */
export const OPERATIONS = ['first', 'unchanged', 'edited', 'line', 'restore', 'one', 'near', 'far'] as const;

export type Operation = (typeof OPERATIONS)[number];

export const TITLES: Record<Operation, string> = {
  first: 'first save',
  unchanged: 'unchanged save',
  edited: 'save after an edit',
  line: 'save after one edited line',
  restore: 'full restore',
  one: 'one 10 KB file',
  near: 'full restore, through a proxy',
  far: 'the same, each request 50 ms later',
};

/**
 * Commands see `$TREE` (what to save), `$STORE` (an empty directory at first; all that counts as stored), `$CACHE` (for what
 * the program keeps besides), `$SAVE` (a name for this save, later that of the newest), `$OUT` (an empty directory) and `$FILE`
 * (a path below the tree; it goes to `$OUT/one`).
 */
export interface Peer {
  readonly name: string;
  /** Prints its name and version in the first line, if it is installed, and fails if not. */
  readonly probe: string;
  /** For the results: what it was told to do. */
  readonly settings: string;
  /** How far its times may be off. Microseconds. */
  readonly micros: bigint;
  /** Where it says something; all if not given. */
  readonly corpora?: readonly string[];
  readonly init?: string;
  /** Comes ahead of `init` and of each operation, and is not measured. */
  readonly before?: string;
  /** The same ahead of what brings something back: of its bytes nothing may be at hand. */
  readonly cold?: string;
  readonly commands: Partial<Record<Operation | 'save', string>>;
}

const SECOND = 1_000_000n;

/** What a save and a restore of bytes that nothing compresses are seen against: both take it of all of them. */
export const DIGEST = 'SHA-256';

/** What writing the bytes of a save takes, and nothing else. */
export const COPY = 'dd + fsync';

/**
 * One thread. `sha256sum` may be of a build that does not know the processor's instructions for it. Small pieces: malloc maps large ones, 16 bytes behind
 * the start of a page, and to copy a page of a file to there takes some AMD processors five times as long.
 */
const DIGEST_OF_EACH = `
const { createHash } = require('node:crypto');
const { closeSync, openSync, readSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const room = Buffer.alloc(1 << 16);
const all = readdirSync(process.env.TREE, { recursive: true, withFileTypes: true });
for (const { parentPath, name } of all.filter((each) => each.isFile())) {
  const hash = createHash('sha256');
  const file = openSync(join(parentPath, name));
  for (let n; (n = readSync(file, room)) > 0; ) hash.update(room.subarray(0, n));
  closeSync(file);
  console.log(hash.digest('hex'));
}`;

/** @param program where `bin/strata` is */
export function peers(program: string): readonly Peer[] {
  const strata = `${quote(program)} --home "$CACHE" --config "$CACHE/strata.yaml" --quiet workspaces`;
  const borg = 'BORG_BASE_DIR="$CACHE" borg';
  return [
    {
      name: 'strata',
      probe: `printf 'strata '; ${quote(program)} version --quiet`,
      settings:
        'as it comes: deduplicated, zstd -1, AES-256-GCM, each compressed block opened again before it is stored',
      micros: 1n,
      before: String.raw`printf 'storage:\n  local:\n    path: %s\n' "$STORE/store" >"$CACHE/strata.yaml"`,
      // An empty directory: keys, database and store are there then, as after the `init` of others.
      init: `mkdir "$CACHE/nothing" && ${strata} save "$CACHE/nothing" -w nothing`,
      commands: {
        save: `exec ${strata} save "$TREE" -w tree`,
        restore: `exec ${strata} restore tree "$OUT"`,
        one: `exec ${strata} cat "tree:$FILE" >"$OUT/one"`,
      },
    },
    {
      name: 'restic',
      probe: 'restic version',
      settings: 'its format 2, compression auto; encrypted',
      micros: 1n,
      init: 'restic init -q --repository-version 2',
      commands: {
        save: 'cd "$TREE" && exec restic backup -q --compression auto .',
        restore: 'exec restic restore -q latest --target "$OUT"',
        one: 'exec restic dump -q latest "/$FILE" >"$OUT/one"',
      },
    },
    {
      name: 'borg',
      probe: 'borg --version',
      settings: 'repokey-blake2, lz4; encrypted',
      micros: 1n,
      init: `${borg} init -e repokey-blake2 "$STORE/all"`,
      commands: {
        save: `cd "$TREE" && ${borg} create -C lz4 "$STORE/all::$SAVE" .`,
        restore: `cd "$OUT" && ${borg} extract "$STORE/all::$SAVE"`,
        one: `${borg} extract --stdout "$STORE/all::$SAVE" "$FILE" >"$OUT/one"`,
      },
    },
    {
      name: 'casync',
      probe: 'casync --version',
      settings: 'a directory of chunks, its own compression (zstd); not encrypted',
      micros: 1n,
      commands: {
        save: 'exec casync make --store="$STORE/chunks.castr" "$STORE/$SAVE.caidx" "$TREE"',
        restore: 'exec casync extract --store="$STORE/chunks.castr" "$STORE/$SAVE.caidx" "$OUT"',
      },
    },
    {
      name: 'tar',
      probe: 'tar --version',
      settings: 'a whole archive each time, not compressed; keeps whole seconds',
      micros: SECOND,
      commands: {
        save: 'exec tar -C "$TREE" -cf "$STORE/$SAVE.tar" .',
        restore: 'exec tar -C "$OUT" -xf "$STORE/$SAVE.tar"',
        one: 'exec tar -xOf "$STORE/$SAVE.tar" "./$FILE" >"$OUT/one"',
      },
    },
    {
      name: 'tar + zstd',
      probe: "printf 'zstd '; zstd -qV",
      settings: '`tar | zstd -1 -T2`, a whole archive each time',
      micros: SECOND,
      commands: {
        save: 'tar -C "$TREE" -cf - . | zstd -1 -T2 -q -o "$STORE/$SAVE.tar.zst"',
        restore: 'zstd -dcq "$STORE/$SAVE.tar.zst" | tar -C "$OUT" -xf -',
        one: 'zstd -dcq "$STORE/$SAVE.tar.zst" | tar -xOf - "./$FILE" >"$OUT/one"',
      },
    },
    {
      name: 'tar + zstd + sync',
      probe: "printf 'zstd '; zstd -qV",
      settings: 'the same, then `sync` of the file: durable when it returns, as Strata, restic and borg are',
      micros: SECOND,
      commands: {
        first:
          'tar -C "$TREE" -cf - . | zstd -1 -T2 -q -o "$STORE/$SAVE.tar.zst" && exec sync "$STORE/$SAVE.tar.zst"',
      },
    },
    {
      name: 'find + node',
      probe: 'find --version',
      settings:
        '`find -printf` of all that tells whether a file was changed, then `node -e 0`: an unchanged save needs both',
      micros: 1n,
      commands: {
        unchanged: `find "$TREE" -printf '%p %y %m %i %s %T@ %C@\\n' >/dev/null && exec ${quote(process.execPath)} -e 0`,
      },
    },
    {
      name: DIGEST,
      probe: `printf 'Node.js '; ${quote(process.execPath)} --version`,
      settings: 'Node’s SHA-256 of the bytes, read and hashed by one thread; it stores nothing',
      micros: 1n,
      corpora: ['noise'],
      commands: { first: `exec ${quote(process.execPath)} -e ${quote(DIGEST_OF_EACH)}` },
    },
    {
      name: COPY,
      probe: 'dd --version',
      settings: 'a copy of the bytes, 4 MiB at a time, and one fsync: durable when it returns',
      micros: 1n,
      corpora: ['noise'],
      commands: {
        first: 'for file in "$TREE"/*; do dd if="$file" of="$STORE/copy" bs=4M conv=fsync status=none; done',
      },
    },
    {
      name: 'cp',
      probe: 'cp --version',
      settings: '`cp -r` of the tree itself: what making the files costs',
      // It gives every file the time of now.
      micros: 1n << 62n,
      commands: { restore: 'exec cp -r "$TREE/." "$OUT"', one: 'exec cp "$TREE/$FILE" "$OUT/one"' },
    },
  ];
}

const SAVES: ReadonlySet<Operation> = new Set(['first', 'unchanged', 'edited', 'line']);
const RESTORES: ReadonlySet<Operation> = new Set(['restore', 'near', 'far']);

export function isSave(operation: Operation): boolean {
  return SAVES.has(operation);
}

/** Of the whole tree. */
export function isRestore(operation: Operation): boolean {
  return RESTORES.has(operation);
}

export function commandOf({ commands }: Peer, operation: Operation): string | undefined {
  if (commands[operation] !== undefined) return commands[operation];
  if (isSave(operation)) return commands.save;
  return isRestore(operation) ? commands.restore : undefined;
}

/** What the programs read from the environment. Restic's progress would go to a log a thousand times. */
export function environmentOf(places: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { STORE = '', CACHE = '' } = places;
  return {
    ...process.env,
    ...places,
    LC_ALL: 'C',
    RESTIC_REPOSITORY: `${STORE}/all`,
    RESTIC_CACHE_DIR: CACHE,
    RESTIC_PASSWORD: 'bench',
    BORG_PASSPHRASE: 'bench',
    BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  };
}
