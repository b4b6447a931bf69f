/** As much of a terminal as a picture needs: it wraps, scrolls, moves its cursor, and wraps anew when its width changes. */

import { columnsOf } from './columns.ts';

/** One row; `goesOn` when the next one is the rest of its line. */
interface Row {
  cells: string[];
  goesOn: boolean;
}

export class Screen {
  #columns: number;
  #rows: number;
  /** From the first that was ever written; the cursor never goes above the last `rows`. */
  #all: Row[] = [{ cells: [], goesOn: false }];
  #row = 0;
  #column = 0;

  constructor(columns: number, rows: number, before: readonly string[]) {
    this.#columns = columns;
    this.#rows = rows;
    for (const line of before) this.write(`${line}\r\n`);
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex
    for (const [part] of text.matchAll(/\x1b\[(\d*)([A-Za-z])|./gsu)) {
      if (part === '\r') this.#column = 0;
      else if (part === '\n') this.#down(false);
      else if (!part.startsWith('\x1b')) this.#put(part);
      else if (part.endsWith('A')) this.#row = Math.max(this.#row - Number(part.slice(2, -1)), this.#top);
      else if (part.endsWith('K') || part.endsWith('J')) {
        this.#here().cells.length = this.#column;
        this.#here().goesOn = false;
        if (part.endsWith('J')) this.#all.length = this.#row + 1;
      } else if (!part.endsWith('m')) throw new Error(`unknown to this terminal: ${JSON.stringify(part)}`);
    }
  }

  /** Lines are wrapped anew, and the cursor stays at its character. */
  resize(columns: number, rows: number): void {
    const lines: { cells: string[]; cursor: number | undefined }[] = [];
    let open = false;
    this.#all.forEach(({ cells, goesOn }, n) => {
      if (!open) lines.push({ cells: [], cursor: undefined });
      const line = lines.at(-1)!;
      if (n === this.#row) line.cursor = line.cells.length + this.#column;
      line.cells.push(...cells);
      open = goesOn;
    });
    this.#columns = columns;
    this.#rows = rows;
    this.#all = [];
    for (const { cells, cursor } of lines) {
      const first = this.#all.length;
      for (let at = 0; at === 0 || at < cells.length; at += columns) {
        this.#all.push({ cells: cells.slice(at, at + columns), goesOn: at + columns < cells.length });
      }
      if (cursor === undefined) continue;
      this.#row = Math.min(first + Math.floor(cursor / columns), this.#all.length - 1);
      this.#column = cursor - (this.#row - first) * columns;
    }
  }

  /** Without what is empty at the end. */
  text(): string[] {
    const lines = this.#all.map(({ cells }) => cells.join('').trimEnd());
    return lines.slice(0, lines.findLastIndex((line) => line !== '') + 1);
  }

  get #top(): number {
    return Math.max(this.#all.length - this.#rows, 0);
  }

  #here(): Row {
    return this.#all[this.#row]!;
  }

  #put(character: string): void {
    const columns = columnsOf(character);
    if (this.#column + columns > this.#columns) {
      this.#here().goesOn = true;
      this.#down(true);
    }
    const { cells } = this.#here();
    while (cells.length < this.#column) cells.push(' ');
    cells[this.#column++] = character;
    if (columns === 2) cells[this.#column++] = '';
  }

  #down(wraps: boolean): void {
    this.#row++;
    if (wraps) this.#column = 0;
    if (this.#row === this.#all.length) this.#all.push({ cells: [], goesOn: false });
  }
}
