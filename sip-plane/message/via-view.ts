import * as chars from './chars';

// Locals of this file are constants to the engine; fields of an imported module are not.
const {
  CLOSE_BRACKET,
  COLON,
  COMMA,
  EQUALS,
  OPEN_BRACKET,
  QUOTE,
  SEMICOLON,
  SLASH,
  equalsLower,
  isHostByte,
  isToken,
  lower,
  parseNumber,
  skipLws,
  skipQuoted,
} = chars;

const SIP = Buffer.from('sip');
const VERSION = Buffer.from('2.0');
const BRANCH = Buffer.from('branch');
const RECEIVED = Buffer.from('received');
const RPORT = Buffer.from('rport');
const MADDR = Buffer.from('maddr');
const LOOP = Buffer.from('i');
const OC = Buffer.from('oc');
const OC_SEQ = Buffer.from('oc-seq');
const OC_VALIDITY = Buffer.from('oc-validity');
const LOWER_O = 111;
const DASH = 45;

/** Where the parts of one Via value stand; -1: absent. Reused for message after message. */
export class ViaView {
  valueStart = -1;
  /** After the last byte of the value, white space aside. */
  valueEnd = -1;
  /** Where the next value of the same line begins, or -1. */
  nextValue = -1;
  transportStart = -1;
  transportEnd = -1;
  /** Brackets of an IPv6 reference are not part of the host. */
  hostStart = -1;
  hostEnd = -1;
  /** -1: none given. */
  port = -1;
  /** Range of host and port as written, brackets included. */
  sentByStart = -1;
  sentByEnd = -1;
  branchStart = -1;
  branchEnd = -1;
  receivedStart = -1;
  receivedEnd = -1;
  /** The parameter's range, value included. */
  receivedParamStart = -1;
  /** -1: absent, 0: without value, else the port. */
  rport = -1;
  rportParamStart = -1;
  rportParamEnd = -1;
  maddrStart = -1;
  maddrEnd = -1;
  loopStart = -1;
  loopEnd = -1;
  /** It has parameters of overload control (RFC 7339 4); values: */
  overload = false;
  ocStart = -1;
  ocEnd = -1;
  ocSeqStart = -1;
  ocSeqEnd = -1;
  ocValidityStart = -1;
  ocValidityEnd = -1;

  reset(): void {
    this.valueStart = this.valueEnd = this.nextValue = -1;
    this.hostStart = this.hostEnd = this.port = this.sentByStart = this.sentByEnd = -1;
    this.branchStart = this.branchEnd = -1;
    this.receivedStart = this.receivedEnd = this.receivedParamStart = -1;
    this.rport = this.rportParamStart = this.rportParamEnd = -1;
    this.maddrStart = this.maddrEnd = -1;
    this.loopStart = this.loopEnd = -1;
    this.ocStart = this.ocSeqStart = this.ocValidityStart = -1;
    this.overload = false;
  }

  /** Takes over what the addon read, from `at` on (native/scan.h). */
  load(index: Int32Array, at: number): void {
    this.valueStart = index[at] as number;
    this.valueEnd = index[at + 1] as number;
    this.nextValue = index[at + 2] as number;
    this.transportStart = index[at + 3] as number;
    this.transportEnd = index[at + 4] as number;
    this.hostStart = index[at + 5] as number;
    this.hostEnd = index[at + 6] as number;
    this.port = index[at + 7] as number;
    this.sentByStart = index[at + 8] as number;
    this.sentByEnd = index[at + 9] as number;
    this.branchStart = index[at + 10] as number;
    this.branchEnd = index[at + 11] as number;
    this.receivedStart = index[at + 12] as number;
    this.receivedEnd = index[at + 13] as number;
    this.receivedParamStart = index[at + 14] as number;
    this.rport = index[at + 15] as number;
    this.rportParamStart = index[at + 16] as number;
    this.rportParamEnd = index[at + 17] as number;
    this.maddrStart = index[at + 18] as number;
    this.maddrEnd = index[at + 19] as number;
    this.loopStart = index[at + 20] as number;
    this.loopEnd = index[at + 21] as number;
    this.ocStart = index[at + 22] as number;
    this.ocEnd = index[at + 23] as number;
    this.ocSeqStart = index[at + 24] as number;
    this.ocSeqEnd = index[at + 25] as number;
    this.ocValidityStart = index[at + 26] as number;
    this.ocValidityEnd = index[at + 27] as number;
    this.overload = index[at + 28] === 1;
  }

  /** Reads the value that begins at `start`; `end` is the end of its line's value. False: not a Via (RFC 3261 20.42). */
  parse(bytes: Buffer, start: number, end: number): boolean {
    this.reset();
    this.valueStart = start;
    let at = this.#protocol(bytes, start, end);
    if (at >= 0) at = this.#sentBy(bytes, at, end);
    while (at >= 0 && at < end) {
      const byte = bytes[at];
      if (byte === SEMICOLON) at = this.#param(bytes, at + 1, end);
      else if (byte === COMMA) {
        this.nextValue = skipLws(bytes, at + 1, end);
        return this.nextValue < end;
      } else return false;
    }
    return at >= 0;
  }

  #protocol(bytes: Buffer, start: number, end: number): number {
    let at = skipLws(bytes, start, end);
    this.valueStart = at;
    if (!equalsLower(bytes, at, Math.min(at + 3, end), SIP)) return -1;
    at = skipLws(bytes, at + 3, end);
    if (bytes[at] !== SLASH) return -1;
    at = skipLws(bytes, at + 1, end);
    if (!equalsLower(bytes, at, Math.min(at + 3, end), VERSION)) return -1;
    at = skipLws(bytes, at + 3, end);
    if (bytes[at] !== SLASH) return -1;
    at = skipLws(bytes, at + 1, end);
    this.transportStart = at;
    while (at < end && isToken(bytes[at] as number)) at += 1;
    this.transportEnd = at;
    const next = skipLws(bytes, at, end);
    return at === this.transportStart || next === at ? -1 : next;
  }

  #sentBy(bytes: Buffer, start: number, end: number): number {
    let at = start;
    this.sentByStart = start;
    if (bytes[at] === OPEN_BRACKET) {
      this.hostStart = at + 1;
      while (at < end && bytes[at] !== CLOSE_BRACKET) at += 1;
      this.hostEnd = at;
      if (at >= end) return -1;
      at += 1;
    } else {
      this.hostStart = at;
      while (at < end && isHostByte(bytes[at] as number)) at += 1;
      this.hostEnd = at;
    }
    if (this.hostEnd === this.hostStart) return -1;
    this.sentByEnd = this.valueEnd = at;
    at = skipLws(bytes, at, end);
    return bytes[at] === COLON && at < end ? this.#port(bytes, at + 1, end) : at;
  }

  #port(bytes: Buffer, start: number, end: number): number {
    const digits = skipLws(bytes, start, end);
    let at = digits;
    while (at < end && isToken(bytes[at] as number)) at += 1;
    this.port = parseNumber(bytes, digits, at);
    if (this.port < 1 || this.port > 65_535) return -1;
    this.sentByEnd = this.valueEnd = at;
    return skipLws(bytes, at, end);
  }

  #param(bytes: Buffer, start: number, end: number): number {
    const nameStart = skipLws(bytes, start, end);
    let at = nameStart;
    while (at < end && isToken(bytes[at] as number)) at += 1;
    const nameEnd = at;
    if (nameEnd === nameStart) return -1;
    this.valueEnd = at;
    at = skipLws(bytes, at, end);
    let valueStart = -1;
    let valueEnd = -1;
    if (at < end && bytes[at] === EQUALS) {
      valueStart = skipLws(bytes, at + 1, end);
      valueEnd = paramValueEnd(bytes, valueStart, end);
      if (valueEnd <= valueStart) return -1;
      this.valueEnd = valueEnd;
      at = skipLws(bytes, valueEnd, end);
    }
    return this.#keep(bytes, nameStart, nameEnd, valueStart, valueEnd) ? at : -1;
  }

  #keep(bytes: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): boolean {
    if (equalsLower(bytes, nameStart, nameEnd, BRANCH)) {
      this.branchStart = valueStart;
      this.branchEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, RPORT)) {
      this.rport = valueStart < 0 ? 0 : parseNumber(bytes, valueStart, valueEnd);
      this.rportParamStart = nameStart;
      this.rportParamEnd = valueStart < 0 ? nameEnd : valueEnd;
      return this.rport >= 0 && this.rport <= 65_535;
    } else if (equalsLower(bytes, nameStart, nameEnd, RECEIVED)) {
      this.receivedParamStart = nameStart;
      this.receivedStart = valueStart;
      this.receivedEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, MADDR)) {
      this.maddrStart = valueStart;
      this.maddrEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, LOOP)) {
      this.loopStart = valueStart;
      this.loopEnd = valueEnd;
    } else if (lower(bytes[nameStart] as number) === LOWER_O)
      this.#overload(bytes, nameStart, nameEnd, valueStart, valueEnd);
    return true;
  }

  #overload(bytes: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    this.overload ||= isOverload(bytes, nameStart, nameEnd);
    if (equalsLower(bytes, nameStart, nameEnd, OC)) {
      this.ocStart = valueStart;
      this.ocEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, OC_SEQ)) {
      this.ocSeqStart = valueStart;
      this.ocSeqEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, OC_VALIDITY)) {
      this.ocValidityStart = valueStart;
      this.ocValidityEnd = valueEnd;
    }
  }
}

/** Is this the name of a parameter of overload control: `oc`, `oc-seq`, ...? */
export function isOverload(bytes: Buffer, nameStart: number, nameEnd: number): boolean {
  if (!equalsLower(bytes, nameStart, Math.min(nameStart + 2, nameEnd), OC)) return false;
  return nameEnd === nameStart + 2 || bytes[nameStart + 2] === DASH;
}

/** The end of a parameter's value: a token, a quoted string or an address, colons and brackets included. */
export function paramValueEnd(bytes: Buffer, start: number, end: number): number {
  if (bytes[start] === QUOTE && start < end) return skipQuoted(bytes, start, end);
  let at = start;
  while (at < end) {
    const byte = bytes[at] as number;
    if (!isToken(byte) && byte !== COLON && byte !== OPEN_BRACKET && byte !== CLOSE_BRACKET) break;
    at += 1;
  }
  return at;
}
