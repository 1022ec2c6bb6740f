/** A fixed text of the wire as bytes. */
export const wire = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Numbers of one splice: offset, bytes to delete, start and end of what comes in their place. */
const SPLICE_INTS = 4;

/** From this many bytes on, the lists of kept messages should be let go. */
const MUCH_TEXT = 1 << 19;

/**
 * Changes to a message as a list of splices: at an offset delete so many bytes, insert others. Bytes that no splice touches leave as they came.
 * Reused for message after message; `begin` opens a splice, `text`, `copy`, `number` and `byte` fill it, in any order of offsets.
 * The lists of several messages can be kept (`keep`), for a sender that puts them together later, and are let go together (`release`).
 */
export class Edits {
  /** Of all messages that are kept and the one at hand, SPLICE_INTS numbers each. */
  readonly splices: Int32Array;
  readonly #maxSplices: number;
  #inserts: Buffer;
  /** Where the splices and texts of the message at hand begin. */
  #first = 0;
  #text = 0;
  /** After its last splice. */
  #end = 0;
  #used = 0;
  #deleted = 0;

  /** @param maxSplices of one message. @param kept how many messages with so many can be kept. */
  constructor(maxSplices = 1024, insertBytes = 8192, kept = 1) {
    this.#maxSplices = maxSplices;
    this.splices = new Int32Array(maxSplices * kept * SPLICE_INTS);
    this.#inserts = Buffer.allocUnsafeSlow(insertBytes);
  }

  /** Begins a message. */
  reset(): void {
    this.#end = this.#first;
    this.#used = this.#text;
    this.#deleted = 0;
  }

  /** Keeps the list of the message at hand until `release`; False: there may be no room for another one. */
  keep(): boolean {
    this.#first = this.#end;
    this.#text = this.#used;
    return this.#first + this.#maxSplices * SPLICE_INTS <= this.splices.length && this.#used < MUCH_TEXT;
  }

  /** Lets all lists go. */
  release(): void {
    this.#first = this.#text = this.#end = this.#used = 0;
  }

  /** What the splices insert, of all messages that are kept. Another Buffer when it has grown. */
  get inserts(): Buffer {
    return this.#inserts;
  }

  /** The message's first splice in `splices`, counted in splices. */
  get firstSplice(): number {
    return this.#first / SPLICE_INTS;
  }

  get spliceCount(): number {
    return (this.#end - this.#first) / SPLICE_INTS;
  }

  /** How much longer the message becomes; negative: shorter. */
  get growth(): number {
    return this.#used - this.#text - this.#deleted;
  }

  /** Opens a splice. Two at one offset keep the order in which they were opened. */
  begin(at: number, deleteLength = 0): void {
    this.close();
    const { splices } = this;
    const end = this.#end;
    if (end - this.#first >= this.#maxSplices * SPLICE_INTS || end >= splices.length) return;
    splices[end] = at;
    splices[end + 1] = deleteLength;
    splices[end + 2] = this.#used;
    splices[end + 3] = -1;
    this.#deleted += deleteLength;
    this.#end = end + SPLICE_INTS;
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
    this.close();
    this.#sort();
    const { splices } = this;
    const inserts = this.#inserts;
    let from = start;
    let to = at;
    for (let i = this.#first; i < this.#end; i += SPLICE_INTS) {
      const splice = splices[i] as number;
      to = copyBytes(source, from, splice, target, to);
      to = copyBytes(inserts, splices[i + 2] as number, splices[i + 3] as number, target, to);
      from = Math.max(from, splice + (splices[i + 1] as number));
    }
    return copyBytes(source, from, end, target, to);
  }

  /** Ends the last splice; `apply` and `begin` do it by themselves. */
  close(): void {
    const last = this.#end - SPLICE_INTS;
    if (last >= this.#first && this.splices[last + 3] === -1) this.splices[last + 3] = this.#used;
  }

  #reserve(length: number): void {
    if (this.#used + length <= this.#inserts.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(this.#inserts.length * 2, this.#used + length));
    this.#inserts.copy(bigger, 0, 0, this.#used);
    this.#inserts = bigger;
  }

  /** By offset, stable; the list is short and nearly sorted. */
  #sort(): void {
    const { splices } = this;
    const first = this.#first;
    for (let i = first + SPLICE_INTS; i < this.#end; i += SPLICE_INTS) {
      for (let j = i; j > first && (splices[j - SPLICE_INTS] as number) > (splices[j] as number); j -= SPLICE_INTS) {
        swap(splices, j);
      }
    }
  }
}

/** Changes places of a splice and the one before it. */
function swap(splices: Int32Array, at: number): void {
  for (let i = at; i < at + SPLICE_INTS; i += 1) {
    const held = splices[i] as number;
    splices[i] = splices[i - SPLICE_INTS] as number;
    splices[i - SPLICE_INTS] = held;
  }
}

/** Copies a range; short ones by hand, because the call into the engine costs more than the bytes. Returns the place after it. */
function copyBytes(source: Buffer, start: number, end: number, target: Buffer, at: number): number {
  const length = end - start;
  if (length <= 0) return at;
  if (length > 128) source.copy(target, at, start, end);
  else for (let i = 0; i < length; i += 1) target[at + i] = source[start + i] as number;
  return at + length;
}
