/** Where a command puts what it has to say: results on stdout, everything else on stderr. */

import { styleText } from 'node:util';

import { errno, giveWay, systemError } from '../base/index.ts';
import { printable } from './format.ts';
import type { GlobalFlags, OutputStream, World } from './world.ts';

/** Lines are gathered to this many characters before they are written, unless a person is watching. */
const BATCH_CHARACTERS = 32_768;

export type Color = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

export class Terminal {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly stderr: OutputStream;
  readonly #stdout: OutputStream;
  readonly #env: World['env'];
  readonly #color: boolean;
  readonly #closed = new Set<OutputStream>();

  constructor(world: Pick<World, 'stdout' | 'stderr' | 'env'>, flags: GlobalFlags) {
    this.json = flags.json === true;
    this.quiet = flags.quiet === true;
    this.stderr = world.stderr;
    this.#stdout = world.stdout;
    this.#env = world.env;
    this.#color = flags.color !== false;
  }

  /**
   * Waits until it is written, so that a slow reader slows us down.
   *
   * @returns false when nobody reads any more, as after `| head`: then there is no use in going on
   * @throws disk_full, … when it goes to a file that cannot take it
   */
  async write(part: string | Uint8Array, to: 'stdout' | 'stderr' = 'stdout'): Promise<boolean> {
    const stream = to === 'stdout' ? this.#stdout : this.stderr;
    if (this.#closed.has(stream)) return false;
    try {
      await new Promise<void>((resolve, reject) => {
        stream.write(part, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      if (errno(error) !== 'EPIPE') throw systemError(error, 'write the output');
      this.#closed.add(stream);
    }
    // A file takes everything at once, and Ctrl-C would not be heard while there is more.
    await giveWay();
    return !this.#closed.has(stream);
  }

  /** The answer of a command: an object for programs, lines for people; `brief` is all that `--quiet` leaves of them. */
  async result(object: object, lines: readonly string[], brief: readonly string[] = []): Promise<void> {
    const text = this.json ? [JSON.stringify(object)] : this.quiet ? brief : lines;
    if (text.length > 0) await this.write(`${text.join('\n')}\n`);
  }

  /**
   * The same for as many items as there may be, of which few are held at a time: `{"name":[…]}` with an item a line, or one line
   * each. Nothing is written before the first item is there, so a command that fails at once has an empty stdout.
   */
  async items<Item>(
    name: string,
    items: AsyncIterable<Item>,
    toObject: (item: Item) => object,
    toLine: (item: Item) => string,
  ): Promise<void> {
    const limit = this.#stdout.isTTY === true ? 0 : BATCH_CHARACTERS;
    let batch = this.json ? `{${JSON.stringify(name)}:[\n` : '';
    let first = true;
    for await (const item of items) {
      if (this.json) batch += `${first ? '' : ',\n'}${JSON.stringify(toObject(item))}`;
      else batch += `${toLine(item)}\n`;
      first = false;
      if (batch.length < limit) continue;
      if (!(await this.write(batch))) return;
      batch = '';
    }
    if (this.json) batch += first ? ']}\n' : '\n]}\n';
    if (batch !== '') await this.write(batch);
  }

  /**
   * The same where nobody knows when it ends: an object a line, also for programs.
   *
   * @param atOnce each goes out as it comes, though more may come
   * @returns whether there were some
   */
  async lines<Item>(
    items: AsyncIterable<Item>,
    toObject: (item: Item) => object,
    toLine: (item: Item) => string,
    { atOnce }: { readonly atOnce: boolean },
  ): Promise<{ readonly some: boolean }> {
    const limit = atOnce || this.#stdout.isTTY === true ? 0 : BATCH_CHARACTERS;
    let batch = '';
    let some = false;
    for await (const item of items) {
      some = true;
      batch += `${this.json ? JSON.stringify(toObject(item)) : toLine(item)}\n`;
      if (batch.length < limit) continue;
      if (!(await this.write(batch))) return { some };
      batch = '';
    }
    if (batch !== '') await this.write(batch);
    return { some };
  }

  /** What the user must not miss. */
  note(text: string): void {
    this.stderr.write(`${this.paint('bold', 'note:', this.stderr)} ${printable(text)}\n`);
  }

  /** What a person would wonder about, as that a list is empty; a program sees it in the answer. */
  say(text: string): void {
    if (!this.json && !this.quiet) this.stderr.write(`${printable(text)}\n`);
  }

  /** What is also in the JSON of the answer. */
  warn(text: string): void {
    if (this.json || this.quiet) return;
    this.stderr.write(`${this.paint('yellow', 'warning:', this.stderr)} ${printable(text)}\n`);
  }

  paint(color: Color, text: string, stream: OutputStream = this.#stdout): string {
    const { NO_COLOR, TERM } = this.#env;
    const colored = this.#color && !NO_COLOR && TERM !== 'dumb' && stream.isTTY === true;
    return colored ? styleText(color, text, { validateStream: false }) : text;
  }
}
