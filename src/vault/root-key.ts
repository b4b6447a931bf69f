/** The root key: 32 bytes from which a store can be opened, and the text that a person keeps it as. */

import { scrypt } from 'node:crypto';
import { promisify } from 'node:util';

import { StrataError, asBuffer, equalBytes, sha256, throwIfAborted, toHex, utf8 } from '../base/index.ts';
import type { Branded, Cancellable } from '../base/index.ts';
import { derive, keyId } from '../chunk/index.ts';
import type { SealingKey } from '../chunk/index.ts';

export type RootSecret = Branded<Uint8Array, 'root secret'>;

export const ROOT_KEY_BYTES = 32;

/** Crockford's base 32: no I, L, O, U, so nothing is misread when it is copied by hand. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TEXT_PREFIX = 'strata-root-key-1';
const CHECK_BYTES = 3;
const GROUP = 4;

/** 2^17 × 8 KiB: 128 MiB and about 0.4 s, the OWASP floor for scrypt. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;
const MIN_PASSPHRASE_BYTES = 8;

const COMMAND_TIMEOUT_MS = 30_000;

/** What seals the records of a store. */
export function rootSealingKey(secret: RootSecret): SealingKey {
  const sealing = derive(secret, 'strata root v1', ROOT_KEY_BYTES);
  return { id: keyId(sealing), secret: sealing };
}

/** 16 hex digits by which people tell root keys apart; they give nothing of the key away. */
export function rootKeyId(secret: RootSecret): string {
  return toHex(rootSealingKey(secret).id).slice(0, 16);
}

/** `strata-root-key-1 XXXX-XXXX-…`: 56 letters and digits, the last five of them a check. */
export function formatRootKey(secret: RootSecret): string {
  const letters = base32(Buffer.concat([secret, check(secret)]));
  return `${TEXT_PREFIX} ${letters.match(new RegExp(`.{1,${GROUP}}`, 'g'))?.join('-') ?? ''}`;
}

/**
 * Finds the root key in the text of a key file: lines that start with `#` are comments.
 *
 * @param where names the text in errors
 * @throws bad_input
 */
export function parseRootKey(text: string, where: string): RootSecret {
  const lines = text.split('\n').map((line) => line.trim());
  const line = lines.find((candidate) => candidate !== '' && !candidate.startsWith('#'));
  const fail = (reason: string) =>
    new StrataError('bad_input', `${where} is no root key: ${reason}`, {
      hint: `A root key is one line that starts with \`${TEXT_PREFIX}\`. Restore it from your backup.`,
    });
  if (line === undefined || !line.startsWith(`${TEXT_PREFIX} `))
    throw fail(`it does not start with \`${TEXT_PREFIX}\``);
  const bytes = fromBase32(
    line.slice(TEXT_PREFIX.length).toUpperCase().replace(/[\s-]/g, ''),
    ROOT_KEY_BYTES + CHECK_BYTES,
  );
  if (bytes === undefined) throw fail('it has the wrong length or a letter that is none of ours');
  const secret = bytes.slice(0, ROOT_KEY_BYTES) as RootSecret;
  if (!equalBytes(bytes.subarray(ROOT_KEY_BYTES), check(secret)))
    throw fail('its last letters do not match the others; was it mistyped?');
  return secret;
}

/**
 * @param storeId the salt: public, and different for every store
 * @throws bad_input if the passphrase is too short
 */
export async function rootKeyFromPassphrase(passphrase: string, storeId: Uint8Array): Promise<RootSecret> {
  if (utf8(passphrase).length < MIN_PASSPHRASE_BYTES) {
    throw new StrataError('bad_input', `the passphrase is shorter than ${MIN_PASSPHRASE_BYTES} bytes`, {
      hint: 'Choose a longer one: several words are easy to remember.',
    });
  }
  const run = promisify<string, Uint8Array, number, typeof SCRYPT, Buffer>(scrypt);
  return Uint8Array.from(
    await run(passphrase.normalize('NFC'), storeId, ROOT_KEY_BYTES, SCRYPT),
  ) as RootSecret;
}

/**
 * Runs a command that prints the root key as text, for a key service. No shell is between.
 *
 * @throws unavailable if the command fails or takes longer than 30 s, bad_input if it prints something else
 */
export async function rootKeyFromCommand(
  command: readonly string[],
  options: Cancellable = {},
): Promise<RootSecret> {
  const [program = '', ...args] = command;
  let stdout: string;
  try {
    const { execFile } = process.getBuiltinModule('node:child_process');
    ({ stdout } = await promisify(execFile)(program, args, {
      timeout: COMMAND_TIMEOUT_MS,
      encoding: 'utf8',
      signal: options.signal,
    }));
  } catch (error) {
    throwIfAborted(options.signal);
    // The error of execFile carries what the command printed: it must not reach a log.
    throw new StrataError('unavailable', `the key command ${program} failed (${failureOf(error)})`, {
      hint: 'Run it by hand to see why; it has to print the root key and exit with 0.',
    });
  }
  return parseRootKey(stdout, `what ${program} printed`);
}

/** The exit code, the name of a system error, or the signal that ended the command. */
function failureOf(error: unknown): string {
  const { code, signal } = error as { readonly code?: unknown; readonly signal?: unknown };
  return String(code ?? signal ?? 'unknown');
}

function check(secret: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([utf8('strata root key check v1'), secret])).subarray(0, CHECK_BYTES);
}

function base32(bytes: Uint8Array): string {
  let bits = BigInt(`0x${asBuffer(bytes).toString('hex')}`);
  const length = Math.ceil((bytes.length * 8) / 5);
  let text = '';
  for (let i = 0; i < length; i++) {
    text = ALPHABET.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
}

function fromBase32(text: string, length: number): Uint8Array | undefined {
  if (text.length !== Math.ceil((length * 8) / 5)) return undefined;
  let bits = 0n;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) return undefined;
    bits = (bits << 5n) | BigInt(value);
  }
  const hex = bits.toString(16).padStart(length * 2, '0');
  return hex.length === length * 2 ? Uint8Array.from(Buffer.from(hex, 'hex')) : undefined;
}
