import { Fault, INCOMPLETE } from './faults';
import { Kind } from './field-kinds';
import { HeadParser } from './head-parser';
import { CR, FIELD, HEX, LF, SEMICOLON } from './octets';

/** What the bytes that `step` passed were. */
export const Piece = { FRAMING: 0, DATA: 1, END: 2 } as const;

const MAX_CHUNK = 0x7fff_ffff;
const MAX_EXTENSION_BYTES = 1024;
const MAX_TRAILER_BYTES = 8192;
const EMPTY = Buffer.alloc(0);

const At = {
  SIZE_START: 0,
  SIZE: 1,
  EXTENSION: 2,
  SIZE_LF: 3,
  DATA: 4,
  DATA_CR: 5,
  DATA_LF: 6,
  TRAILERS: 7,
  DONE: 8,
} as const;

/**
 * Walks over a chunked body (RFC 9112 7.1) without copying it. Strict: sizes are hexadecimal digits up to 2^31-1, lines end CR LF,
 * extensions are at most 1 KiB in all, trailers at most 8 KiB and checked like any field.
 */
export class ChunkedScanner {
  /** What the last step passed: FRAMING and DATA go on as they came; END: the body is over, `trailers` says what to append. */
  piece: number = Piece.FRAMING;
  /** Trailer fields that may go on, with their line ends. */
  trailers: Buffer = EMPTY;
  #at: number = At.SIZE_START;
  #left = 0;
  #extensionBytes = 0;
  #held: Buffer = EMPTY;

  get done(): boolean {
    return this.#at === At.DONE;
  }

  /**
   * Passes one piece of [pos, end) and returns the offset behind it, or a fault. END is returned once, with the offset behind the body;
   * trailers that are still incomplete are FRAMING that must not be sent on: `inTrailers` tells.
   */
  step(buffer: Buffer, pos: number, end: number): number {
    if (this.#at === At.DATA) return this.#data(pos, end);
    if (this.#at === At.TRAILERS) return this.#readTrailers(buffer, pos, end);
    this.piece = Piece.FRAMING;
    return this.#framing(buffer, pos, end);
  }

  /** The last chunk has passed; what follows is not sent on as it came. */
  get inTrailers(): boolean {
    return this.#at >= At.TRAILERS;
  }

  #data(pos: number, end: number): number {
    const taken = Math.min(this.#left, end - pos);
    this.#left -= taken;
    if (this.#left === 0) this.#at = At.DATA_CR;
    this.piece = Piece.DATA;
    return pos + taken;
  }

  #framing(buffer: Buffer, from: number, end: number): number {
    let pos = from;
    while (pos < end) {
      const octet = buffer[pos] as number;
      pos += 1;
      if (!this.#octet(octet)) return Fault.CHUNK;
      if (this.#at === At.DATA || this.#at === At.TRAILERS) return pos;
    }
    return pos;
  }

  /** Takes one octet of framing; false: it does not belong there. */
  #octet(octet: number): boolean {
    switch (this.#at) {
      case At.SIZE_START:
        this.#left = HEX[octet] as number;
        this.#at = At.SIZE;
        return this.#left !== 255;
      case At.SIZE:
        return this.#size(octet);
      case At.EXTENSION:
        if (octet === CR) this.#at = At.SIZE_LF;
        else this.#extensionBytes += 1;
        return octet === CR || (FIELD[octet] === 1 && this.#extensionBytes <= MAX_EXTENSION_BYTES);
      case At.SIZE_LF:
        this.#at = this.#left === 0 ? At.TRAILERS : At.DATA;
        return octet === LF;
      case At.DATA_CR:
        this.#at = At.DATA_LF;
        return octet === CR;
      default:
        this.#at = At.SIZE_START;
        return octet === LF;
    }
  }

  #size(octet: number): boolean {
    const digit = HEX[octet] as number;
    if (digit !== 255) {
      this.#left = this.#left * 16 + digit;
      return this.#left <= MAX_CHUNK;
    }
    this.#at = octet === SEMICOLON ? At.EXTENSION : At.SIZE_LF;
    return octet === SEMICOLON || octet === CR;
  }

  #readTrailers(buffer: Buffer, pos: number, end: number): number {
    const held = this.#held.length;
    const whole = held === 0 ? buffer : Buffer.concat([this.#held, buffer.subarray(pos, end)]);
    const start = held === 0 ? pos : 0;
    const stop = held === 0 ? end : whole.length;
    const behind = parser.trailers(whole, start, stop);
    if (behind < 0) return behind;
    if ((behind === INCOMPLETE ? stop : behind) - start > MAX_TRAILER_BYTES) return Fault.HEAD_TOO_LONG;
    if (behind === INCOMPLETE) {
      this.#held = Buffer.from(whole.subarray(start, stop));
      this.piece = Piece.FRAMING;
      return end;
    }
    this.trailers = passable(whole);
    this.#held = EMPTY;
    this.#at = At.DONE;
    this.piece = Piece.END;
    return held === 0 ? behind : pos + behind - held;
  }
}

const parser = new HeadParser();

/** Only fields that frame, route and authenticate nothing may come this late. */
function passable(buffer: Buffer): Buffer {
  if (parser.count === 0) return EMPTY;
  const kept: Buffer[] = [];
  for (let i = 0; i < parser.count; i += 1) {
    if (parser.kinds[i] === Kind.OTHER) kept.push(buffer.subarray(parser.nameStarts[i], parser.fieldEnds[i]));
  }
  return Buffer.concat(kept);
}
