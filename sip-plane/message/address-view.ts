import * as chars from './chars';
import { paramValueEnd } from './via-view';

// Locals of this file are constants to the engine; fields of an imported module are not.
const {
  COLON,
  COMMA,
  EQUALS,
  GREATER,
  LESS,
  QUESTION,
  QUOTE,
  SEMICOLON,
  equalsLower,
  isLws,
  isToken,
  lower,
  skipLws,
  skipQuoted,
} = chars;

const TAG = Buffer.from('tag');

/** Where the parts of a From, To or Route value stand; -1: absent. Reused for message after message. */
export class AddressView {
  uriStart = -1;
  uriEnd = -1;
  tagStart = -1;
  tagEnd = -1;
  /** Place after the value: a comma or the end. */
  valueEnd = -1;

  /** Takes over what the addon read, from `at` on (native/scan.h). */
  load(index: Int32Array, at: number): void {
    this.uriStart = index[at] as number;
    this.uriEnd = index[at + 1] as number;
    this.tagStart = index[at + 2] as number;
    this.tagEnd = index[at + 3] as number;
    this.valueEnd = index[at + 4] as number;
  }

  /**
   * Reads one name-addr or addr-spec with its parameters (RFC 3261 20.10). False: unbalanced quotes or brackets, white space in the
   * URI, or a display name that needed quotes.
   */
  parse(bytes: Buffer, start: number, end: number): boolean {
    this.tagStart = this.tagEnd = -1;
    let at = skipLws(bytes, start, end);
    if (at < end && bytes[at] === QUOTE) {
      at = skipQuoted(bytes, at, end);
      if (at < 0) return false;
      at = skipLws(bytes, at, end);
      if (at >= end || bytes[at] !== LESS) return false;
    }
    at = this.#uri(bytes, at, end);
    while (at >= 0 && at < end && bytes[at] === SEMICOLON) at = this.#param(bytes, at + 1, end);
    this.valueEnd = at;
    return at === end || (at >= 0 && bytes[at] === COMMA);
  }

  #uri(bytes: Buffer, start: number, end: number): number {
    let at = start;
    // Display names in UTF-8 without quotes are wrong but common: bytes above 127 pass.
    while (at < end && (isToken(bytes[at] as number) || isLws(bytes[at] as number) || (bytes[at] as number) > 127))
      at += 1;
    if (at >= end) return -1;
    if (bytes[at] === LESS) return this.#bracketed(bytes, at + 1, end);
    return bytes[at] === COLON ? this.#bare(bytes, start, end) : -1;
  }

  #bracketed(bytes: Buffer, start: number, end: number): number {
    const first = lower(bytes[start] as number);
    if (start >= end || first < 97 || first > 122) return -1;
    let at = start;
    while (at < end && bytes[at] !== GREATER) {
      if (isLws(bytes[at] as number) || bytes[at] === LESS) return -1;
      at += 1;
    }
    if (at >= end) return -1;
    this.uriStart = start;
    this.uriEnd = at;
    return skipLws(bytes, at + 1, end);
  }

  #bare(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== SEMICOLON && bytes[at] !== COMMA && !isLws(bytes[at] as number)) {
      if (bytes[at] === QUESTION || bytes[at] === LESS) return -1;
      at += 1;
    }
    this.uriStart = start;
    this.uriEnd = at;
    return skipLws(bytes, at, end);
  }

  #param(bytes: Buffer, start: number, end: number): number {
    const nameStart = skipLws(bytes, start, end);
    let at = nameStart;
    while (at < end && isToken(bytes[at] as number)) at += 1;
    const nameEnd = at;
    if (nameEnd === nameStart) return -1;
    at = skipLws(bytes, at, end);
    if (at >= end || bytes[at] !== EQUALS) return at;
    const valueStart = skipLws(bytes, at + 1, end);
    const valueEnd = paramValueEnd(bytes, valueStart, end);
    if (valueEnd < valueStart) return -1;
    if (equalsLower(bytes, nameStart, nameEnd, TAG) && valueEnd > valueStart) {
      this.tagStart = valueStart;
      this.tagEnd = valueEnd;
    }
    return skipLws(bytes, valueEnd, end);
  }
}
