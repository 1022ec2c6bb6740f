import { ChunkedScanner, Piece } from './chunked-scanner';
import { Body } from './request-view';

const EMPTY = Buffer.alloc(0);

/**
 * Follows a body through the bytes of a connection: how many belong to it, and when it is over. Bytes pass as they came;
 * only the trailer section of a chunked body is written anew (`tail`).
 */
export class BodyWalker {
  /** One of `Body`. */
  readonly kind: number;
  done: boolean;
  /** After `walk`: bytes up to here pass as they came. */
  passEnd = 0;
  /** After the last `walk` of a chunked body: trailer fields that may go on. */
  trailers: Buffer = EMPTY;
  #left: number;
  readonly #scanner: ChunkedScanner | undefined;

  /** `length`: of a body that is delimited by length. */
  constructor(kind: number, length: number) {
    this.kind = kind;
    this.#left = length;
    this.done = kind === Body.NONE;
    this.#scanner = kind === Body.CHUNKED ? new ChunkedScanner() : undefined;
  }

  /** Takes what belongs to the body from [pos, end); returns the offset behind it, or a fault. */
  walk(buffer: Buffer, pos: number, end: number): number {
    if (this.#scanner !== undefined) return this.#chunked(this.#scanner, { buffer, pos, end }, undefined);
    if (this.kind === Body.UNTIL_CLOSE) return (this.passEnd = end);
    const taken = Math.min(this.#left, end - pos);
    this.#left -= taken;
    if (this.#left === 0) this.done = true;
    this.passEnd = pos + taken;
    return this.passEnd;
  }

  /** As `walk` for a chunked body whose reader knows no chunks: adds its data to `into`. */
  decode(range: Range, into: Buffer[]): number {
    return this.#scanner === undefined
      ? this.walk(range.buffer, range.pos, range.end)
      : this.#chunked(this.#scanner, range, into);
  }

  #chunked(scanner: ChunkedScanner, { buffer, pos, end }: Range, data: Buffer[] | undefined): number {
    let at = pos;
    this.passEnd = pos;
    while (at < end && !this.done) {
      const inTrailers = scanner.inTrailers;
      const behind = scanner.step(buffer, at, end);
      if (behind < 0) return behind;
      if (!inTrailers) this.passEnd = behind;
      if (scanner.piece === Piece.DATA) data?.push(buffer.subarray(at, behind));
      if (scanner.piece === Piece.END) {
        this.done = true;
        this.trailers = scanner.trailers;
      }
      at = behind;
    }
    return at;
  }
}

interface Range {
  readonly buffer: Buffer;
  readonly pos: number;
  readonly end: number;
}
