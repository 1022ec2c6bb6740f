import * as chars from './chars';
import { HeaderKind, HeaderNames } from './header-names';
import type { MessageView } from './message-view';
import { Method, methodOf } from './method';
import { Reject } from './reject';
import { Scheme, UriResult } from './uri-view';

// Locals of this file are constants to the engine; fields of an imported module are not.
const { COLON, CR, HT, LESS, LF, SP, equalsLower, isDigit, isLws, isToken, parseNumber, skipLws, trimEnd } = chars;

export interface ParserLimits {
  /** Longest message, bytes. Default 65535. */
  readonly maxMessageBytes?: number;
  /** Most header lines. Default 256. */
  readonly maxHeaders?: number;
  /** Longest Request-URI, bytes. Default 4096. */
  readonly maxUriBytes?: number;
  /** The header that holds the affinity key. Default Call-ID. */
  readonly affinityHeader?: string;
  /** The header that holds it where that one is excluded. Default Call-ID. */
  readonly affinityFallback?: string;
}

/** By what the addon reads plain messages. */
export interface ScanRules {
  /** Of `HeaderNames.packed`. */
  readonly names: Buffer;
  readonly maxHeaders: number;
  readonly maxUriBytes: number;
  readonly maxMessageBytes: number;
}

const SIP_SLASH = Buffer.from('sip/');
const MAX_CSEQ = 0xffff_ffff;

/**
 * Reads SIP messages in one pass over their bytes (RFC 3261 7). It never throws and allocates nothing: what it finds are offsets
 * in a view, faults are codes of Reject. Strict where others would read something else: line ends are CRLF, the request line has single spaces.
 */
export class MessageParser {
  readonly names: HeaderNames;
  readonly maxMessageBytes: number;
  readonly #maxHeaders: number;
  readonly #maxUriBytes: number;
  /** Header lines seen, recorded or not. */
  #lines = 0;

  constructor(limits: ParserLimits = {}) {
    this.names = new HeaderNames(limits.affinityHeader, limits.affinityFallback);
    this.maxMessageBytes = limits.maxMessageBytes ?? 65_535;
    this.#maxHeaders = limits.maxHeaders ?? 256;
    this.#maxUriBytes = limits.maxUriBytes ?? 4096;
  }

  /** What the addon needs to read plain messages as this parser does. */
  get scanRules(): ScanRules {
    const { names, maxMessageBytes } = this;
    return { names: names.packed(), maxHeaders: this.#maxHeaders, maxUriBytes: this.#maxUriBytes, maxMessageBytes };
  }

  /** Reads a datagram: the body goes to Content-Length, or to the end without one; bytes after it are not part of the message. */
  parseDatagram(view: MessageView, bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at += 1;
    this.parseHead(view, bytes, at, end);
    if (view.contentLength >= 0 && view.bodyStart > view.headersStart) this.#cutBody(view);
    if (view.end - view.start > this.maxMessageBytes) fault(view, Reject.TOO_LARGE);
  }

  /** Reads start line and headers of the message at `start`; the view ends at `end`, whatever Content-Length says. */
  parseHead(view: MessageView, bytes: Buffer, start: number, end: number): void {
    view.reset(bytes, start, end);
    const headersStart = this.#startLine(view);
    if (headersStart < 0) return;
    view.headersStart = headersStart;
    this.#headers(view);
    this.#check(view);
  }

  #cutBody(view: MessageView): void {
    const end = view.bodyStart + view.contentLength;
    if (end > view.end) fault(view, Reject.TRUNCATED);
    else view.end = end;
  }

  /** The place after the start line, or -1 when there is none. A bad start line that ends is a fault, and reading goes on so that it can be answered. */
  #startLine(view: MessageView): number {
    const { bytes, start, end } = view;
    let lineEnd = start;
    while (lineEnd < end && bytes[lineEnd] !== LF) lineEnd += 1;
    if (lineEnd >= end || lineEnd === start || bytes[lineEnd - 1] !== CR) {
      view.reject = Reject.START_LINE;
      return -1;
    }
    if (equalsLower(bytes, start, Math.min(start + 4, end), SIP_SLASH)) statusLine(view, lineEnd - 1);
    else this.#requestLine(view, lineEnd - 1);
    return lineEnd + 1;
  }

  #requestLine(view: MessageView, lineEnd: number): void {
    const { bytes, start } = view;
    view.isRequest = true;
    let at = start;
    while (at < lineEnd && isToken(bytes[at] as number)) at += 1;
    view.methodStart = start;
    view.methodEnd = at;
    if (at === start || bytes[at] !== SP) return fault(view, Reject.START_LINE);
    view.method = methodOf(bytes, start, at);
    const uriStart = at + 1;
    at = uriStart;
    while (at < lineEnd && bytes[at] !== SP) at += 1;
    if (at === uriStart || at >= lineEnd) return fault(view, Reject.START_LINE);
    view.uri.reset(uriStart, at);
    checkVersion(view, at + 1, lineEnd);
    if (at - uriStart > this.#maxUriBytes) return fault(view, Reject.URI_TOO_LONG);
    if (view.reject === Reject.NONE) checkUri(view, uriStart, at);
  }

  #headers(view: MessageView): void {
    const { bytes, end } = view;
    let at = view.headersStart;
    this.#lines = 0;
    while (at < end) {
      if (bytes[at] === CR && bytes[at + 1] === LF && at + 1 < end) {
        view.bodyStart = at + 2;
        return;
      }
      at = this.#header(view, at);
      if (at < 0) return;
    }
    view.bodyStart = end;
    fault(view, Reject.TRUNCATED);
  }

  /** The place after the header line at `start`, folded lines included, or -1 after a fault that ends reading. */
  #header(view: MessageView, start: number): number {
    const { bytes, end } = view;
    let at = start;
    while (at < end && isToken(bytes[at] as number)) at += 1;
    const nameEnd = at;
    while (at < end && (bytes[at] === SP || bytes[at] === HT)) at += 1;
    if (nameEnd === start || bytes[at] !== COLON || at >= end) return stop(view, Reject.HEADER);
    const colon = at;
    for (at += 1; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte > CR) continue;
      if (byte === CR) {
        if (bytes[at + 1] !== LF) return stop(view, Reject.HEADER);
        const after = bytes[at + 2];
        if (at + 2 >= end || (after !== SP && after !== HT)) break;
        at += 1;
      } else if (byte === LF) return stop(view, Reject.HEADER);
    }
    if (at + 1 >= end) return stop(view, Reject.TRUNCATED);
    this.#lines += 1;
    if (this.#lines > this.#maxHeaders) return stop(view, Reject.HEADERS_TOO_MANY);
    const kind = this.names.kindOf(bytes, start, nameEnd);
    if (kind !== HeaderKind.OTHER) {
      const valueStart = skipLws(bytes, colon + 1, at);
      view.record(kind, start, valueStart, trimEnd(bytes, valueStart, at), at + 2);
    }
    return at + 2;
  }

  #check(view: MessageView): void {
    const via = view.header(HeaderKind.VIA);
    const viaOk = via >= 0 && view.topVia.parse(view.bytes, view.valueStart(via), view.valueEnd(via));
    checkContentLength(view);
    if (view.reject !== Reject.NONE) return;
    if (!viaOk) return fault(view, Reject.VIA);
    checkCseq(view);
    // A response is only sent back: its other headers are its receiver's business.
    if (!view.isRequest) return;
    checkAddresses(view);
    checkCallId(view);
    checkMaxForwards(view);
  }
}

function fault(view: MessageView, code: number): void {
  if (view.reject === Reject.NONE) view.reject = code;
}

function stop(view: MessageView, code: number): number {
  fault(view, code);
  return -1;
}

/** `SIP/2.0 200 OK`: the reason may be empty, its space too. */
function statusLine(view: MessageView, lineEnd: number): void {
  const { bytes, start } = view;
  if (bytes[start + 4] !== 50 || bytes[start + 5] !== 46 || bytes[start + 6] !== 48 || bytes[start + 7] !== SP) {
    return fault(view, Reject.VERSION);
  }
  const status = parseNumber(bytes, start + 8, Math.min(start + 11, lineEnd));
  const after = bytes[start + 11];
  if (status < 100 || status > 699 || (start + 11 < lineEnd && after !== SP)) return fault(view, Reject.STATUS);
  view.status = status;
}

function checkVersion(view: MessageView, start: number, lineEnd: number): void {
  const { bytes } = view;
  if (!equalsLower(bytes, start, Math.min(start + 4, lineEnd), SIP_SLASH)) return fault(view, Reject.START_LINE);
  for (let at = start + 4; at < lineEnd; at += 1) {
    const byte = bytes[at] as number;
    if (!isDigit(byte) && byte !== 46) return fault(view, Reject.START_LINE);
  }
  const twoPointNought =
    lineEnd - start === 7 && bytes[start + 4] === 50 && bytes[start + 5] === 46 && bytes[start + 6] === 48;
  if (!twoPointNought) fault(view, Reject.VERSION);
}

function checkUri(view: MessageView, start: number, end: number): void {
  const { bytes, uri } = view;
  if (bytes[start] === LESS) return fault(view, Reject.REQUEST_URI);
  switch (uri.parse(bytes, start, end)) {
    case UriResult.UNSUPPORTED_SCHEME:
      return fault(view, Reject.SCHEME);
    case UriResult.BAD:
      return fault(view, Reject.REQUEST_URI);
    default:
      // Headers in a Request-URI are forbidden, and acting on them would let a caller write headers (RFC 4475 3.1.2.11).
      if (uri.hasHeaders && (uri.scheme === Scheme.SIP || uri.scheme === Scheme.SIPS)) fault(view, Reject.REQUEST_URI);
  }
}

/** All Content-Length lines must say the same. */
function checkContentLength(view: MessageView): void {
  for (let i = view.header(HeaderKind.CONTENT_LENGTH); i >= 0; i = view.next(i)) {
    const value = parseNumber(view.bytes, view.valueStart(i), view.valueEnd(i));
    if (value < 0 || (view.contentLength >= 0 && view.contentLength !== value)) {
      view.contentLength = -1;
      return fault(view, Reject.CONTENT_LENGTH);
    }
    view.contentLength = value;
  }
}

function checkAddresses(view: MessageView): void {
  const { bytes } = view;
  const from = view.header(HeaderKind.FROM);
  const to = view.header(HeaderKind.TO);
  if (from < 0 || !view.from.parse(bytes, view.valueStart(from), view.valueEnd(from))) return fault(view, Reject.FROM);
  if (view.from.valueEnd !== view.valueEnd(from)) return fault(view, Reject.FROM);
  if (to < 0 || !view.to.parse(bytes, view.valueStart(to), view.valueEnd(to))) return fault(view, Reject.TO);
  if (view.to.valueEnd !== view.valueEnd(to)) return fault(view, Reject.TO);
  if (view.next(from) >= 0 || view.next(to) >= 0) fault(view, Reject.DUPLICATE);
}

function checkCallId(view: MessageView): void {
  const index = view.header(HeaderKind.CALL_ID);
  if (index < 0) return fault(view, Reject.CALL_ID);
  const start = view.valueStart(index);
  const end = view.valueEnd(index);
  if (start === end) return fault(view, Reject.CALL_ID);
  for (let at = start; at < end; at += 1) if (isLws(view.bytes[at] as number)) return fault(view, Reject.CALL_ID);
  if (view.next(index) >= 0) fault(view, Reject.DUPLICATE);
}

function checkCseq(view: MessageView): void {
  const { bytes } = view;
  const index = view.header(HeaderKind.CSEQ);
  if (index < 0) return fault(view, Reject.CSEQ);
  const end = view.valueEnd(index);
  let at = view.valueStart(index);
  const digits = at;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  const value = parseNumber(bytes, digits, at);
  const methodStart = skipLws(bytes, at, end);
  if (value < 0 || value > MAX_CSEQ || methodStart === at || methodStart >= end) return fault(view, Reject.CSEQ);
  for (at = methodStart; at < end; at += 1) if (!isToken(bytes[at] as number)) return fault(view, Reject.CSEQ);
  view.cseq = value;
  view.cseqMethodStart = methodStart;
  view.cseqMethodEnd = end;
  view.cseqMethod = methodOf(bytes, methodStart, end);
  if (view.next(index) >= 0) return fault(view, Reject.DUPLICATE);
  if (view.isRequest && !sameMethod(view))
    fault(view, view.method === Method.OTHER ? Reject.METHOD : Reject.CSEQ_METHOD);
}

function sameMethod(view: MessageView): boolean {
  if (view.method !== view.cseqMethod) return false;
  if (view.method !== Method.OTHER) return true;
  const { bytes, methodStart, cseqMethodStart } = view;
  const length = view.methodEnd - methodStart;
  if (view.cseqMethodEnd - cseqMethodStart !== length) return false;
  for (let i = 0; i < length; i += 1) if (bytes[methodStart + i] !== bytes[cseqMethodStart + i]) return false;
  return true;
}

/** A useless value counts as absent: it will be replaced by 70 (RFC 4475 3.1.2.4). */
function checkMaxForwards(view: MessageView): void {
  const index = view.header(HeaderKind.MAX_FORWARDS);
  if (index < 0) return;
  if (view.next(index) >= 0) return fault(view, Reject.DUPLICATE);
  const value = parseNumber(view.bytes, view.valueStart(index), view.valueEnd(index));
  view.maxForwards = value > 255 ? -1 : value;
}
