import { CR, LF } from './chars';
import type { MessageParser } from './message-parser';
import type { MessageView } from './message-view';
import { Reject } from './reject';

/** What a framer tells its connection. */
export interface FramerEvents {
  /** A whole message, parsed; the view is valid until this returns. `view.reject` may be set. */
  message(view: MessageView): void;
  /** A double CRLF between messages: the peer wants a CRLF back (RFC 5626 3.5.1). */
  ping(): void;
  /** The end of the message cannot be known: answer if it is a request, then close. The view is valid until this returns. */
  broken(view: MessageView): void;
}

/**
 * Cuts a byte stream into SIP messages by Content-Length (RFC 3261 18.3). Any split of the bytes gives the same messages.
 * Holds at most one partial message, bounded by the parser's `maxMessageBytes`.
 */
export class StreamFramer {
  readonly #parser: MessageParser;
  readonly #events: FramerEvents;
  readonly #view: MessageView;
  /** What is left of earlier chunks, at the front of a buffer that grows by doubling. */
  #held: Buffer = Buffer.alloc(0);
  #heldLength = 0;
  /** Where the search for the end of the head goes on in `#held`. */
  #searched = 0;
  /** Length of the whole partial message, or -1 while its head is not complete. */
  #needed = -1;
  /** CR and LF seen since the last message, 0-3. */
  #crlf = 0;
  #broken = false;

  constructor(parser: MessageParser, events: FramerEvents, view: MessageView) {
    this.#parser = parser;
    this.#events = events;
    this.#view = view;
  }

  /** Is a message begun and not complete? */
  get partial(): boolean {
    return this.#heldLength > 0;
  }

  /** Takes bytes as they come. After `broken` nothing is read any more. */
  push(chunk: Buffer): void {
    if (this.#broken) return;
    const bytes = this.#heldLength === 0 ? chunk : this.#append(chunk);
    let at = 0;
    while (at < bytes.length && !this.#broken) {
      if (this.#needed < 0 && this.#searched === 0) at = this.#skipCrlf(bytes, at);
      const end = at < bytes.length ? this.#message(bytes, at) : -1;
      if (end < 0) break;
      at = end;
    }
    this.#keep(bytes, this.#broken ? bytes.length : at);
  }

  #append(chunk: Buffer): Buffer {
    const length = this.#heldLength + chunk.length;
    if (length > this.#held.length) {
      const bigger = Buffer.allocUnsafe(Math.max(length, this.#held.length * 2));
      this.#held.copy(bigger, 0, 0, this.#heldLength);
      this.#held = bigger;
    }
    chunk.copy(this.#held, this.#heldLength);
    return this.#held.subarray(0, length);
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.length - from;
    if (rest > this.#held.length) this.#held = Buffer.allocUnsafe(Math.max(1024, rest * 2));
    if (rest > 0) bytes.copy(this.#held, 0, from);
    this.#heldLength = rest;
    // A big buffer is not kept for an idle connection.
    if (rest === 0 && this.#held.length > 4096) this.#held = Buffer.alloc(0);
  }

  #skipCrlf(bytes: Buffer, start: number): number {
    let at = start;
    while (at < bytes.length) {
      const expected = this.#crlf % 2 === 0 ? CR : LF;
      const byte = bytes[at];
      if (byte !== CR && byte !== LF) break;
      this.#crlf = byte === expected ? this.#crlf + 1 : 0;
      if (this.#crlf === 4) {
        this.#crlf = 0;
        this.#events.ping();
      }
      at += 1;
    }
    if (at < bytes.length) this.#crlf = 0;
    return at;
  }

  /** The place after the message at `start`, or -1 when more bytes are needed. */
  #message(bytes: Buffer, start: number): number {
    if (this.#needed < 0 && !this.#head(bytes, start)) return -1;
    const end = start + this.#needed;
    if (end > bytes.length) return -1;
    this.#parser.parseHead(this.#view, bytes, start, end);
    this.#needed = -1;
    this.#searched = 0;
    this.#events.message(this.#view);
    return end;
  }

  /** Looks for the end of the head; true when the message's length is known. */
  #head(bytes: Buffer, start: number): boolean {
    const found = bytes.indexOf('\r\n\r\n', start + Math.max(0, this.#searched - 3), 'latin1');
    const headLength = (found < 0 ? bytes.length : found + 4) - start;
    if (found < 0 && headLength <= this.#parser.maxMessageBytes) {
      this.#searched = headLength;
      return false;
    }
    this.#parser.parseHead(this.#view, bytes, start, start + headLength);
    const view = this.#view;
    const structural = found < 0 || view.bodyStart !== start + headLength;
    if (view.contentLength < 0 && view.reject === Reject.NONE) view.reject = Reject.CONTENT_LENGTH;
    const length = headLength + view.contentLength;
    if (length > this.#parser.maxMessageBytes && view.reject === Reject.NONE) view.reject = Reject.TOO_LARGE;
    if (structural || view.contentLength < 0 || length > this.#parser.maxMessageBytes) {
      this.#broken = true;
      this.#events.broken(view);
      return false;
    }
    this.#needed = length;
    return true;
  }
}
