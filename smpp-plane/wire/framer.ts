import { HEADER_BYTES, uint32At } from './header';

/** Where framed PDUs go. */
export interface PduSink {
  /**
   * One whole PDU, bytes `start` to `end` of `bytes`; it may be edited in place. False: not taken, the framer keeps it and
   * everything after it until `resume`.
   */
  pdu(bytes: Buffer, start: number, end: number): boolean;
  /** A command_length below 16 or above the limit: the stream cannot be understood any more, nothing follows. */
  badLength(length: number): void;
}

const FIRST_BLOCK = 4096;
const EMPTY = Buffer.alloc(0);

/**
 * Cuts a TCP stream into PDUs, whatever its segmentation (SMPP 5.0, 3.2). PDUs that lie whole in one chunk are handed on
 * without a copy; one that is spread over chunks is gathered in a buffer that grows with what really came, so that a peer
 * that only announces much costs little. On the packet path.
 */
export class PduFramer {
  /** Longest command_length accepted, bytes. */
  maxLength: number;
  readonly #sink: PduSink;
  /** The beginning of a PDU whose end has not come. */
  #partial: Buffer = EMPTY;
  #partialFill = 0;
  /** What was not taken, whole PDUs first. */
  #held: Buffer = EMPTY;
  #stopped = false;

  constructor(sink: PduSink, maxLength: number) {
    this.#sink = sink;
    this.maxLength = maxLength;
  }

  /** Bytes that wait here: an unfinished PDU and what the sink did not take. */
  get waiting(): number {
    return this.#partialFill + this.#held.length;
  }

  push(chunk: Buffer): void {
    if (this.#stopped) return;
    if (this.#held.length > 0) this.#held = Buffer.concat([this.#held, chunk]);
    else this.#take(chunk);
  }

  /** Offers again what the sink did not take. */
  resume(): void {
    if (this.#held.length === 0 || this.#stopped) return;
    const held = this.#held;
    this.#held = EMPTY;
    this.#take(held);
  }

  /** Forgets everything; nothing is handed on any more. */
  stop(): void {
    this.#stopped = true;
    this.#partial = EMPTY;
    this.#partialFill = 0;
    this.#held = EMPTY;
  }

  #take(chunk: Buffer): void {
    let offset = 0;
    if (this.#partialFill > 0) {
      offset = this.#finishPartial(chunk);
      if (offset < 0) return;
    }
    this.#frame(chunk, offset);
  }

  #frame(chunk: Buffer, from: number): void {
    let start = from;
    while (chunk.length - start >= 4) {
      const length = uint32At(chunk, start);
      if (length < HEADER_BYTES || length > this.maxLength) {
        this.#refuse(length);
        return;
      }
      const end = start + length;
      if (end > chunk.length) break;
      if (!this.#sink.pdu(chunk, start, end)) {
        if (!this.#stopped) this.#held = chunk.subarray(start);
        return;
      }
      if (this.#stopped) return;
      start = end;
    }
    if (start < chunk.length) this.#keepPartial(chunk, start);
  }

  #keepPartial(chunk: Buffer, start: number): void {
    const rest = chunk.length - start;
    this.#partial = Buffer.allocUnsafe(Math.max(rest, HEADER_BYTES));
    this.#partialFill = chunk.copy(this.#partial, 0, start);
  }

  /** Adds to the unfinished PDU and hands it on when it is whole. Returns the offset after it, or -1 when there is nothing more to do. */
  #finishPartial(chunk: Buffer): number {
    let offset = 0;
    if (this.#partialFill < 4) {
      offset = this.#grow(chunk, 0, 4);
      if (this.#partialFill < 4) return -1;
    }
    const length = uint32At(this.#partial, 0);
    if (length < HEADER_BYTES || length > this.maxLength) {
      this.#refuse(length);
      return -1;
    }
    offset = this.#grow(chunk, offset, length);
    if (this.#partialFill < length) return -1;
    const pdu = this.#partial;
    this.#partial = EMPTY;
    this.#partialFill = 0;
    if (this.#sink.pdu(pdu, 0, length)) return this.#stopped ? -1 : offset;
    if (!this.#stopped) this.#held = Buffer.concat([pdu.subarray(0, length), chunk.subarray(offset)]);
    return -1;
  }

  /** Copies from the chunk until the unfinished PDU has `wanted` bytes. Returns the offset after what was copied. */
  #grow(chunk: Buffer, offset: number, wanted: number): number {
    const end = Math.min(chunk.length, offset + wanted - this.#partialFill);
    const filled = this.#partialFill + end - offset;
    if (filled > this.#partial.length) {
      const larger = Buffer.allocUnsafe(Math.min(wanted, Math.max(filled, FIRST_BLOCK, this.#partial.length * 2)));
      this.#partial.copy(larger, 0, 0, this.#partialFill);
      this.#partial = larger;
    }
    chunk.copy(this.#partial, this.#partialFill, offset, end);
    this.#partialFill = filled;
    return end;
  }

  #refuse(length: number): void {
    this.stop();
    this.#sink.badLength(length);
  }
}
