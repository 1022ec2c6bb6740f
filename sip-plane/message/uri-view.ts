import * as chars from './chars';

// Locals of this file are constants to the engine; fields of an imported module are not.
const {
  AT,
  CLOSE_BRACKET,
  COLON,
  EQUALS,
  OPEN_BRACKET,
  QUESTION,
  SEMICOLON,
  equalsLower,
  isHostByte,
  isToken,
  lower,
  parseNumber,
} = chars;

/** The schemes of a Request-URI that are forwarded. */
export const Scheme = { OTHER: 0, SIP: 1, SIPS: 2, TEL: 3, URN_SERVICE: 4 } as const;

/** How reading a URI ended. */
export const UriResult = { OK: 0, BAD: 1, UNSUPPORTED_SCHEME: 2 } as const;

const SIP = Buffer.from('sip');
const SIPS = Buffer.from('sips');
const TEL = Buffer.from('tel');
const URN = Buffer.from('urn');
const SERVICE = Buffer.from('service:');
const LR = Buffer.from('lr');
const TRANSPORT = Buffer.from('transport');
const MADDR = Buffer.from('maddr');
const HINT = Buffer.from('h');
const NODE_HOST = Buffer.from('node_host');
const NODE_PORT = Buffer.from('node_port');

/** Where the parts of one URI stand; -1: absent. Reused for message after message. */
export class UriView {
  start = 0;
  end = 0;
  scheme: number = Scheme.OTHER;
  userStart = -1;
  userEnd = -1;
  /** Brackets of an IPv6 reference are not part of the host. */
  hostStart = -1;
  hostEnd = -1;
  /** -1: none given. */
  port = -1;
  /** Range of host and port as written, brackets included. */
  hostPortStart = -1;
  hostPortEnd = -1;
  loose = false;
  transportStart = -1;
  transportEnd = -1;
  maddrStart = -1;
  maddrEnd = -1;
  hintStart = -1;
  hintEnd = -1;
  nodeHostStart = -1;
  nodeHostEnd = -1;
  nodePort = -1;
  /** `?` headers follow the parameters. */
  hasHeaders = false;

  reset(start: number, end: number): void {
    this.start = start;
    this.end = end;
    this.scheme = Scheme.OTHER;
    this.userStart = this.userEnd = this.hostStart = this.hostEnd = this.port = -1;
    this.hostPortStart = this.hostPortEnd = -1;
    this.loose = this.hasHeaders = false;
    this.transportStart = this.transportEnd = this.maddrStart = this.maddrEnd = -1;
    this.hintStart = this.hintEnd = this.nodeHostStart = this.nodeHostEnd = this.nodePort = -1;
  }

  /** Takes over what the addon read, from `at` on (native/scan.h). It reads none with the guides' hint or with headers. */
  load(index: Int32Array, at: number): void {
    this.start = index[at] as number;
    this.end = index[at + 1] as number;
    this.scheme = index[at + 2] as number;
    this.userStart = index[at + 3] as number;
    this.userEnd = index[at + 4] as number;
    this.hostStart = index[at + 5] as number;
    this.hostEnd = index[at + 6] as number;
    this.port = index[at + 7] as number;
    this.hostPortStart = index[at + 8] as number;
    this.hostPortEnd = index[at + 9] as number;
    this.loose = index[at + 10] === 1;
    this.transportStart = index[at + 11] as number;
    this.transportEnd = index[at + 12] as number;
    this.maddrStart = index[at + 13] as number;
    this.maddrEnd = index[at + 14] as number;
    this.hintStart = index[at + 15] as number;
    this.hintEnd = index[at + 16] as number;
    this.nodeHostStart = this.nodeHostEnd = this.nodePort = -1;
    this.hasHeaders = false;
  }

  /** Reads the URI at [start, end) without angle brackets (RFC 3261 19.1). */
  parse(bytes: Buffer, start: number, end: number): number {
    this.reset(start, end);
    const colon = schemeEnd(bytes, start, end);
    if (colon < 0) return UriResult.BAD;
    if (equalsLower(bytes, start, colon, SIP)) this.scheme = Scheme.SIP;
    else if (equalsLower(bytes, start, colon, SIPS)) this.scheme = Scheme.SIPS;
    else if (equalsLower(bytes, start, colon, TEL)) this.scheme = Scheme.TEL;
    else if (equalsLower(bytes, start, colon, URN) && equalsLower(bytes, colon + 1, colon + 9, SERVICE)) {
      this.scheme = Scheme.URN_SERVICE;
    }
    switch (this.scheme) {
      case Scheme.OTHER:
        return UriResult.UNSUPPORTED_SCHEME;
      case Scheme.SIP:
      case Scheme.SIPS:
        return this.#sip(bytes, colon + 1, end) ? UriResult.OK : UriResult.BAD;
      default:
        return colon + 1 < end ? UriResult.OK : UriResult.BAD;
    }
  }

  #sip(bytes: Buffer, start: number, end: number): boolean {
    let at = start;
    for (let i = start; i < end; i += 1) {
      if (bytes[i] === AT) {
        this.userStart = start;
        this.userEnd = i;
        at = i + 1;
        break;
      }
    }
    at = this.#hostPort(bytes, at, end);
    while (at >= 0 && at < end && bytes[at] === SEMICOLON) at = this.#param(bytes, at + 1, end);
    if (at >= 0 && at < end && bytes[at] === QUESTION) {
      this.hasHeaders = true;
      return true;
    }
    return at === end;
  }

  #hostPort(bytes: Buffer, start: number, end: number): number {
    let at = start;
    this.hostPortStart = start;
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
    if (this.hostEnd <= this.hostStart) return -1;
    if (at < end && bytes[at] === COLON) {
      const digits = at + 1;
      at = digits;
      while (at < end && isToken(bytes[at] as number)) at += 1;
      this.port = parseNumber(bytes, digits, at);
      if (this.port < 1 || this.port > 65_535) return -1;
    }
    this.hostPortEnd = at;
    return at;
  }

  #param(bytes: Buffer, nameStart: number, end: number): number {
    let at = nameStart;
    while (at < end && bytes[at] !== EQUALS && bytes[at] !== SEMICOLON && bytes[at] !== QUESTION) at += 1;
    const nameEnd = at;
    let valueStart = -1;
    if (at < end && bytes[at] === EQUALS) {
      valueStart = at + 1;
      while (at < end && bytes[at] !== SEMICOLON && bytes[at] !== QUESTION) at += 1;
    }
    this.#keep(bytes, nameStart, nameEnd, valueStart, at);
    return at;
  }

  #keep(bytes: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    switch (nameEnd - nameStart) {
      case 1:
        if (equalsLower(bytes, nameStart, nameEnd, HINT)) {
          this.hintStart = valueStart;
          this.hintEnd = valueEnd;
        }
        break;
      case 2:
        if (equalsLower(bytes, nameStart, nameEnd, LR)) this.loose = true;
        break;
      case 5:
        if (equalsLower(bytes, nameStart, nameEnd, MADDR)) {
          this.maddrStart = valueStart;
          this.maddrEnd = valueEnd;
        }
        break;
      case 9:
        this.#keepNine(bytes, nameStart, valueStart, valueEnd);
        break;
      default:
    }
  }

  #keepNine(bytes: Buffer, nameStart: number, valueStart: number, valueEnd: number): void {
    const nameEnd = nameStart + 9;
    if (equalsLower(bytes, nameStart, nameEnd, TRANSPORT)) {
      this.transportStart = valueStart;
      this.transportEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, NODE_HOST)) {
      this.nodeHostStart = valueStart;
      this.nodeHostEnd = valueEnd;
    } else if (equalsLower(bytes, nameStart, nameEnd, NODE_PORT)) {
      this.nodePort = valueStart < 0 ? -1 : parseNumber(bytes, valueStart, valueEnd);
    }
  }
}

/** The place of the colon after a scheme, or -1 when none begins here. */
function schemeEnd(bytes: Buffer, start: number, end: number): number {
  const first = lower(bytes[start] as number);
  if (start >= end || first < 97 || first > 122) return -1;
  let at = start;
  while (at < end && isToken(bytes[at] as number)) at += 1;
  return at < end && bytes[at] === COLON ? at : -1;
}
