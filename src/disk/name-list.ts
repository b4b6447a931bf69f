/**
 * The names in a very large directory, sorted, in memory that is not V8's: as strings a million of them live there for as long as the walk
 * is in the directory, 40 MB, and V8 lets its garbage grow with what lives.
 */

const FIRST_NAMES = 16 * 1024;
const FIRST_BYTES = 256 * 1024;

export class NameList {
  #bytes = new Uint8Array(FIRST_BYTES);
  /** Where each name ends; it starts where the one before it ends. */
  #ends = new Uint32Array(FIRST_NAMES);
  #count = 0;
  /** Numbers of names in ascending order of their bytes. */
  #order = new Uint32Array(0);

  get length(): number {
    return this.#count;
  }

  /** @param name one character a byte */
  add(name: string): void {
    const start = this.#startOf(this.#count);
    if (start + name.length > this.#bytes.length) this.#bytes = grown(this.#bytes, Uint8Array);
    if (this.#count === this.#ends.length) this.#ends = grown(this.#ends, Uint32Array);
    for (let at = 0; at < name.length; at++) this.#bytes[start + at] = name.charCodeAt(at);
    this.#ends[this.#count++] = start + name.length;
  }

  /** After the last `add`. */
  sort(): this {
    const order = new Uint32Array(this.#count);
    for (let at = 0; at < order.length; at++) order[at] = at;
    this.#order = order.sort((a, b) => this.#compare(a, b));
    return this;
  }

  /** @returns one character a byte; undefined behind the last */
  at(index: number): string | undefined {
    const name = this.#order[index];
    if (name === undefined) return undefined;
    const start = this.#startOf(name);
    return String.fromCharCode(...this.#bytes.subarray(start, this.#ends[name]));
  }

  #compare(a: number, b: number): number {
    const bytes = this.#bytes;
    let left = this.#startOf(a);
    let right = this.#startOf(b);
    const [leftEnd, rightEnd] = [this.#ends[a]!, this.#ends[b]!];
    for (; left < leftEnd && right < rightEnd; left++, right++) {
      const difference = bytes[left]! - bytes[right]!;
      if (difference !== 0) return difference;
    }
    return leftEnd - left - (rightEnd - right);
  }

  #startOf(name: number): number {
    return name === 0 ? 0 : this.#ends[name - 1]!;
  }
}

function grown<Words extends Uint8Array | Uint32Array>(
  words: Words,
  make: new (length: number) => Words,
): Words {
  const larger = new make(words.length * 2);
  larger.set(words);
  return larger;
}
