/** A fixed text of the wire as bytes. */
export const wire = (text: string): Buffer => Buffer.from(text, 'latin1');

/**
 * Changes to a message as a list of splices: at an offset delete so many bytes, insert others. Bytes that no splice touches leave as they came.
 * Reused for message after message; `begin` opens a splice, `text`, `copy`, `number` and `byte` fill it, in any order of offsets.
 */
export class Edits {
  readonly #ats: Int32Array;
  readonly #deletes: Int32Array;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #inserts: Buffer;
  #count = 0;
  #used = 0;
  #deleted = 0;

  constructor(maxSplices = 1024, insertBytes = 8192) {
    this.#ats = new Int32Array(maxSplices);
    this.#deletes = new Int32Array(maxSplices);
    this.#starts = new Int32Array(maxSplices);
    this.#ends = new Int32Array(maxSplices);
    this.#inserts = Buffer.allocUnsafeSlow(insertBytes);
  }

  reset(): void {
    this.#count = 0;
    this.#used = 0;
    this.#deleted = 0;
  }

  /** How much longer the message becomes; negative: shorter. */
  get growth(): number {
    return this.#used - this.#deleted;
  }

  /** Opens a splice. Two at one offset keep the order in which they were opened. */
  begin(at: number, deleteLength = 0): void {
    this.#close();
    if (this.#count >= this.#ats.length) return;
    this.#ats[this.#count] = at;
    this.#deletes[this.#count] = deleteLength;
    this.#starts[this.#count] = this.#used;
    this.#ends[this.#count] = -1;
    this.#deleted += deleteLength;
    this.#count += 1;
  }

  text(bytes: Buffer): void {
    this.copy(bytes, 0, bytes.length);
  }

  copy(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#used = copyBytes(bytes, start, end, this.#inserts, this.#used);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#inserts[this.#used] = value;
    this.#used += 1;
  }

  /** A whole number in decimal. */
  number(value: number): void {
    this.#reserve(16);
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
    let rest = value;
    for (let i = digits - 1; i >= 0; i -= 1) {
      this.#inserts[this.#used + i] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.#used += digits;
  }

  /** Writes [start, end) of `source`, changed, into `target` at `at`; returns the place after it. `target` must have room: end - start + growth. */
  apply(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
    this.#close();
    this.#sort();
    let from = start;
    let to = at;
    for (let i = 0; i < this.#count; i += 1) {
      const splice = this.#ats[i] as number;
      to = copyBytes(source, from, splice, target, to);
      to = copyBytes(this.#inserts, this.#starts[i] as number, this.#ends[i] as number, target, to);
      from = Math.max(from, splice + (this.#deletes[i] as number));
    }
    return copyBytes(source, from, end, target, to);
  }

  #close(): void {
    const last = this.#count - 1;
    if (last >= 0 && this.#ends[last] === -1) this.#ends[last] = this.#used;
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#inserts.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(this.#inserts.length * 2, this.#used + length));
    this.#inserts.copy(bigger, 0, 0, this.#used);
    this.#inserts = bigger;
  }

  /** By offset, stable; the list is short and nearly sorted. */
  #sort(): void {
    for (let i = 1; i < this.#count; i += 1) {
      for (let j = i; j > 0 && (this.#ats[j - 1] as number) > (this.#ats[j] as number); j -= 1) {
        swap(this.#ats, j);
        swap(this.#deletes, j);
        swap(this.#starts, j);
        swap(this.#ends, j);
      }
    }
  }
}

function swap(numbers: Int32Array, at: number): void {
  const held = numbers[at] as number;
  numbers[at] = numbers[at - 1] as number;
  numbers[at - 1] = held;
}

/** Copies a range; short ones by hand, because the call into the engine costs more than the bytes. Returns the place after it. */
export function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  const length = end - start;
  if (length <= 0) return at;
  if (length > 128) source.copy(target, at, start, end);
  else for (let i = 0; i < length; i += 1) target[at + i] = source[start + i] as number;
  return at + length;
}
