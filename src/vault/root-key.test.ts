import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { expectCode, thrownBy } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import {
  formatRootKey,
  parseRootKey,
  rootKeyFromCommand,
  rootKeyFromPassphrase,
  rootKeyId,
} from './root-key.ts';
import type { RootSecret } from './root-key.ts';

const SECRET = noise('root', 32) as RootSecret;
const TEXT = formatRootKey(SECRET);
const node = (script: string) => [process.execPath, '-e', script];

describe('the root key as text', () => {
  it('[V8] is what was frozen, and is read back', () => {
    expect(TEXT).toBe(
      'strata-root-key-1 XZPC-GYE0-4A5R-EJ99-EBNZ-PA48-RMEM-56QK-NJG3-YETR-SEGT-T3GH-TXQP-8MF8',
    );
    expect(rootKeyId(SECRET)).toBe('449b79fd79a220c6');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (secret) => {
        const text = formatRootKey(secret as RootSecret);
        expect(text).toMatch(/^strata-root-key-1 (?:[0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/);
        expect(toHex(parseRootKey(text, 'text'))).toBe(toHex(secret));
      }),
    );
  });

  const SPELLINGS: Readonly<Record<string, string>> = {
    'comments and empty lines around it': `# keep this\n\n  ${TEXT}  \n# strata-root-key-1 XXXX\n`,
    'line ends of another system': `# a\r\n${TEXT}\r\n`,
    'small letters': TEXT.toLowerCase(),
    'blanks for hyphens': TEXT.replaceAll(/(?<=[A-Z0-9]{4})-/g, ' '),
    'no hyphens': TEXT.slice(0, 18) + TEXT.slice(18).replaceAll('-', ''),
  };
  for (const [what, text] of Object.entries(SPELLINGS))
    it(`[V8] ${what} do no harm`, () => {
      expect(toHex(parseRootKey(text, 'text'))).toBe(toHex(SECRET));
    });

  it('[V8] each mistyped letter is found', () => {
    for (let at = 18; at < TEXT.length; at++) {
      if (TEXT[at] === '-') continue;
      const mistyped = TEXT.slice(0, at) + (TEXT[at] === 'X' ? 'Y' : 'X') + TEXT.slice(at + 1);
      expect(thrownBy(() => parseRootKey(mistyped, 'text')).code).toBe('bad_input');
    }
  });

  for (const text of [
    '',
    '# only\n# comments',
    TEXT.slice(0, -1),
    `${TEXT}0`,
    TEXT.slice(18),
    TEXT.replace('1 ', '2 '),
    `strata-root-key-1 ${'U'.repeat(56)}`,
  ])
    it(`[V8] ${JSON.stringify(text.slice(0, 24))}…${text.length} is bad_input, and is not repeated`, () => {
      const error = thrownBy(() => parseRootKey(text, 'the file'));
      expect(error.code).toBe('bad_input');
      expect(error.message).toContain('the file');
      expect(error.message + error.hint).not.toContain(TEXT.slice(18, 30));
    });

  it('[V9] a passphrase gives the same key for one store, in either form of its letters', async () => {
    const [one, again, other] = await Promise.all([
      rootKeyFromPassphrase('caf\u00e9 au lait', new Uint8Array(16)),
      rootKeyFromPassphrase('cafe\u0301 au lait', new Uint8Array(16)),
      rootKeyFromPassphrase('caf\u00e9 au lait', new Uint8Array(16).fill(1)),
    ]);
    expect(toHex(one)).toBe('74ab5632c201b01a7dc7b0553c69239108ba134af43f3cdadf2b57e9c0751d0d');
    expect(toHex(again)).toBe(toHex(one));
    expect(toHex(other)).not.toBe(toHex(one));
  });

  it('[V9] a short passphrase is bad_input', async () => {
    await expectCode('bad_input', rootKeyFromPassphrase('1234567', new Uint8Array(16)));
  });

  it('[V10] a command prints the key', async () => {
    const script = `console.log('# from the safe'); console.log(${JSON.stringify(TEXT)})`;
    expect(toHex(await rootKeyFromCommand(node(script)))).toBe(toHex(SECRET));
  });

  const FAILURES: Readonly<
    Record<string, readonly [readonly string[], string, 'unavailable' | 'bad_input']>
  > = {
    'fails, and may have printed secrets': [
      node("console.log('SECRET'); process.exit(3)"),
      '(3)',
      'unavailable',
    ],
    'is ended by a signal': [node("process.kill(process.pid, 'SIGTERM')"), '(SIGTERM)', 'unavailable'],
    'does not exist': [['/nonexistent/program'], '(ENOENT)', 'unavailable'],
    'prints something else': [node("console.log('SECRET')"), 'is no root key', 'bad_input'],
    'prints nothing': [node(''), 'is no root key', 'bad_input'],
    'prints too much': [node("console.log('SECRET'.repeat(1e6))"), 'MAXBUFFER', 'unavailable'],
  };
  for (const [what, [command, reason, code]] of Object.entries(FAILURES))
    it(`[V10] a command that ${what} is ${code}`, async () => {
      const error: unknown = await rootKeyFromCommand(command).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code, message: expect.stringContaining(reason) });
      expect(JSON.stringify(error) + String(error)).not.toContain('SECRET');
    });

  it('[V10] no shell reads the words of a command', async () => {
    const script = `console.log(process.argv.length === 2 && process.argv[1] === '$(id); *' ? ${JSON.stringify(TEXT)} : '')`;
    expect(toHex(await rootKeyFromCommand([...node(script), '$(id); *']))).toBe(toHex(SECRET));
  });

  it('[V10] a command is cancelled', async () => {
    const options = { signal: AbortSignal.timeout(100) };
    await expectCode('cancelled', rootKeyFromCommand(node('setTimeout(() => {}, 20_000)'), options));
  });
});
