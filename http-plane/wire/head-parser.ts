import { Fault, INCOMPLETE } from './faults';
import { Kind, isText, kindOf } from './field-kinds';
import { COLON, COMMA, CR, FIELD, LF, SP, TAB, TARGET, TOKEN, ZERO } from './octets';

/** Most header fields of one message. */
const MAX_FIELDS = 128;

/** Bits of `connection`. */
export const Option = { CLOSE: 1, KEEP_ALIVE: 2, UPGRADE: 4, TE: 8, OTHER: 16 } as const;

/** `transferEncoding`. */
export const Coding = { NONE: 0, CHUNKED: 1, UNKNOWN: 2 } as const;

/**
 * Reads the head of an HTTP/1 message in one pass and keeps offsets into the caller's bytes: no strings, no objects.
 * Strict (RFC 9112): what a lenient neighbour could read in another way is a fault. One parser serves all connections;
 * what it holds is valid until it parses again.
 */
export class HeadParser {
  /** Where the start line ends, behind CR LF. */
  lineEnd = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  /** 0 or 1, of HTTP/1.x. */
  minor = 1;
  status = 0;
  /** Number of fields. */
  count = 0;
  readonly kinds = new Uint8Array(MAX_FIELDS);
  readonly nameStarts = new Int32Array(MAX_FIELDS);
  readonly nameEnds = new Int32Array(MAX_FIELDS);
  readonly valueStarts = new Int32Array(MAX_FIELDS);
  /** Without trailing space. */
  readonly valueEnds = new Int32Array(MAX_FIELDS);
  /** Behind CR LF. */
  readonly fieldEnds = new Int32Array(MAX_FIELDS);
  /** -1: none; -2: not a length, or several. */
  contentLength = -1;
  transferEncoding = 0;
  connection = 0;
  hosts = 0;
  cookies = 0;
  /** Index of the first field of a kind, -1: none. */
  readonly firsts = new Int32Array(24);

  /** The offset behind the head, INCOMPLETE, or a fault. */
  request(buffer: Buffer, start: number, end: number): number {
    this.#clear();
    const line = this.#requestLine(buffer, start, end);
    return line <= 0 ? line : this.#fields(buffer, line, end);
  }

  /** As `request`, for the head of an answer. */
  response(buffer: Buffer, start: number, end: number): number {
    this.#clear();
    const line = this.#statusLine(buffer, start, end);
    return line <= 0 ? line : this.#fields(buffer, line, end);
  }

  /** As `request`, for fields without a start line: the trailers of a chunked body. */
  trailers(buffer: Buffer, start: number, end: number): number {
    this.#clear();
    return this.#fields(buffer, start, end);
  }

  #clear(): void {
    this.count = 0;
    this.contentLength = -1;
    this.transferEncoding = Coding.NONE;
    this.connection = 0;
    this.hosts = 0;
    this.cookies = 0;
    this.firsts.fill(-1);
  }

  #requestLine(buffer: Buffer, start: number, end: number): number {
    let pos = start;
    while (pos < end && TOKEN[buffer[pos] as number] === 1) pos += 1;
    if (pos >= end) return INCOMPLETE;
    if (buffer[pos] !== SP || pos === start) return buffer[pos] === LF ? Fault.LINE_END : Fault.SYNTAX;
    this.methodEnd = pos;
    pos += 1;
    this.targetStart = pos;
    while (pos < end && TARGET[buffer[pos] as number] === 1) pos += 1;
    if (pos >= end) return INCOMPLETE;
    if (buffer[pos] !== SP || pos === this.targetStart) return Fault.SYNTAX;
    this.targetEnd = pos;
    return this.#lineEnd(buffer, this.#version(buffer, pos + 1, end), end);
  }

  /** `HTTP/1.0` or `HTTP/1.1` at `pos`. */
  #version(buffer: Buffer, pos: number, end: number): number {
    const name = 'HTTP/';
    for (let i = 0; i < 8; i += 1) {
      if (pos + i >= end) return INCOMPLETE;
      const octet = buffer[pos + i] as number;
      if (i < 5 ? octet !== name.charCodeAt(i) : i === 6 ? octet !== 0x2e : !isDigit(octet)) return Fault.SYNTAX;
    }
    const minor = (buffer[pos + 7] as number) - ZERO;
    if (buffer[pos + 5] !== 0x31 || minor > 1) return Fault.VERSION;
    this.minor = minor;
    return pos + 8;
  }

  #lineEnd(buffer: Buffer, pos: number, end: number): number {
    if (pos <= 0) return pos;
    if (pos >= end) return INCOMPLETE;
    if (buffer[pos] !== CR) return buffer[pos] === LF ? Fault.LINE_END : Fault.SYNTAX;
    if (pos + 1 >= end) return INCOMPLETE;
    if (buffer[pos + 1] !== LF) return Fault.LINE_END;
    this.lineEnd = pos + 2;
    return pos + 2;
  }

  #statusLine(buffer: Buffer, start: number, end: number): number {
    let pos = this.#version(buffer, start, end);
    if (pos <= 0) return pos;
    if (pos + 4 >= end) return INCOMPLETE;
    if (buffer[pos] !== SP) return Fault.SYNTAX;
    this.status = 0;
    for (let i = 1; i <= 3; i += 1) {
      const octet = buffer[pos + i] as number;
      if (!isDigit(octet)) return Fault.SYNTAX;
      this.status = this.status * 10 + octet - ZERO;
    }
    if (this.status < 100) return Fault.SYNTAX;
    pos += 4;
    if (buffer[pos] === SP) while (pos < end && FIELD[buffer[pos] as number] === 1) pos += 1;
    return this.#lineEnd(buffer, pos, end);
  }

  #fields(buffer: Buffer, from: number, end: number): number {
    let pos = from;
    for (;;) {
      if (pos >= end) return INCOMPLETE;
      if (buffer[pos] === CR) {
        if (pos + 1 >= end) return INCOMPLETE;
        return buffer[pos + 1] === LF ? pos + 2 : Fault.LINE_END;
      }
      const nameStart = pos;
      while (pos < end && TOKEN[buffer[pos] as number] === 1) pos += 1;
      if (pos >= end) return INCOMPLETE;
      if (buffer[pos] !== COLON || pos === nameStart) return buffer[pos] === LF ? Fault.LINE_END : Fault.FIELD_NAME;
      const nameEnd = pos;
      pos += 1;
      while (pos < end && isBlank(buffer[pos] as number)) pos += 1;
      const valueStart = pos;
      while (pos < end && FIELD[buffer[pos] as number] === 1) pos += 1;
      if (pos >= end) return INCOMPLETE;
      if (buffer[pos] !== CR) return buffer[pos] === LF ? Fault.LINE_END : Fault.FIELD_VALUE;
      if (pos + 1 >= end) return INCOMPLETE;
      if (buffer[pos + 1] !== LF) return Fault.LINE_END;
      let valueEnd = pos;
      while (valueEnd > valueStart && isBlank(buffer[valueEnd - 1] as number)) valueEnd -= 1;
      pos += 2;
      const index = this.count;
      if (index === MAX_FIELDS) return Fault.FIELDS;
      this.nameStarts[index] = nameStart;
      this.nameEnds[index] = nameEnd;
      this.valueStarts[index] = valueStart;
      this.valueEnds[index] = valueEnd;
      this.fieldEnds[index] = pos;
      this.count = index + 1;
      const kind = kindOf(buffer, nameStart, nameEnd);
      this.kinds[index] = kind;
      if (kind !== Kind.OTHER) this.#note(buffer, kind, index);
    }
  }

  #note(buffer: Buffer, kind: number, index: number): void {
    if (this.firsts[kind] === -1) this.firsts[kind] = index;
    const start = this.valueStarts[index] as number;
    const end = this.valueEnds[index] as number;
    switch (kind) {
      case Kind.HOST:
        this.hosts += 1;
        return;
      case Kind.COOKIE:
        this.cookies += 1;
        return;
      case Kind.CONTENT_LENGTH:
        this.contentLength = this.contentLength === -1 ? lengthAt(buffer, start, end) : -2;
        return;
      case Kind.TRANSFER_ENCODING:
        this.transferEncoding =
          this.transferEncoding === Coding.NONE && end - start === 7 && isText(buffer, start, 'chunked')
            ? Coding.CHUNKED
            : Coding.UNKNOWN;
        return;
      case Kind.CONNECTION:
        this.#connectionOptions(buffer, start, end);
        return;
      default:
    }
  }

  #connectionOptions(buffer: Buffer, from: number, end: number): void {
    let pos = from;
    while (pos < end) {
      while (pos < end && (buffer[pos] === COMMA || isBlank(buffer[pos] as number))) pos += 1;
      const start = pos;
      while (pos < end && buffer[pos] !== COMMA && !isBlank(buffer[pos] as number)) pos += 1;
      if (pos > start) this.connection |= optionAt(buffer, start, pos - start);
    }
  }
}

function optionAt(buffer: Buffer, start: number, length: number): number {
  if (length === 5 && isText(buffer, start, 'close')) return Option.CLOSE;
  if (length === 10 && isText(buffer, start, 'keep-alive')) return Option.KEEP_ALIVE;
  if (length === 7 && isText(buffer, start, 'upgrade')) return Option.UPGRADE;
  if (length === 2 && isText(buffer, start, 'te')) return Option.TE;
  return Option.OTHER;
}

/** 1*DIGIT up to 2^53 - 1, or -2. */
function lengthAt(buffer: Buffer, start: number, end: number): number {
  if (end === start || end - start > 15) return -2;
  let value = 0;
  for (let pos = start; pos < end; pos += 1) {
    const octet = buffer[pos] as number;
    if (!isDigit(octet)) return -2;
    value = value * 10 + octet - ZERO;
  }
  return value;
}

function isDigit(octet: number): boolean {
  return octet >= ZERO && octet <= 0x39;
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === TAB;
}
