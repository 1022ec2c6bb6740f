import { CR, LF } from './octets';

const FIRST_SIZE = 65_536;

/** Puts a message head together from slices and texts in one reused block of memory. `take` copies it out. */
export class HeadWriter {
  #block = Buffer.allocUnsafeSlow(FIRST_SIZE);
  #used = 0;

  /** The bytes [start, end) of another buffer. */
  bytes(buffer: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length <= 0) return;
    this.#reserve(length);
    if (length < 24) {
      for (let i = 0; i < length; i += 1) this.#block[this.#used + i] = buffer[start + i] as number;
    } else {
      buffer.copy(this.#block, this.#used, start, end);
    }
    this.#used += length;
  }

  /** The whole of it. */
  copy(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** ISO-8859-1. */
  text(text: string): void {
    if (text === '') return;
    this.#reserve(text.length);
    this.#used += this.#block.write(text, this.#used, 'latin1');
  }

  /** CR LF. */
  lineEnd(): void {
    this.#reserve(2);
    this.#block[this.#used] = CR;
    this.#block[this.#used + 1] = LF;
    this.#used += 2;
  }

  get length(): number {
    return this.#used;
  }

  /** A copy of all that was put in; the writer is empty again. */
  take(): Buffer {
    const copy = Buffer.allocUnsafe(this.#used);
    this.#block.copy(copy, 0, 0, this.#used);
    this.#used = 0;
    return copy;
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#block.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#used + length));
    this.#block.copy(larger, 0, 0, this.#used);
    this.#block = larger;
  }
}
