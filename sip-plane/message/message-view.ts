import { AddressView } from './address-view';
import { HEADER_KINDS, HeaderKind } from './header-names';
import { Method } from './method';
import { Reject } from './reject';
import { LINE_INTS, Scan } from './scan-layout';
import { UriView } from './uri-view';
import { ViaView } from './via-view';

const EMPTY = Buffer.alloc(0);
// Locals of this file are constants to the engine.
const { FIRST, LINES } = Scan;

/**
 * One SIP message as offsets into the bytes that it came in. Mutable and reused: valid until the next parse into it.
 * Only headers that a balancer looks at are recorded.
 */
export class MessageView {
  bytes: Buffer = EMPTY;
  start = 0;
  /** After the last byte of the message; bytes beyond are not part of it. */
  end = 0;
  /** A code of Reject; what was read before the fault stands. */
  reject: number = Reject.NONE;
  isRequest = false;
  method: number = Method.OTHER;
  methodStart = 0;
  methodEnd = 0;
  readonly uri = new UriView();
  /** Of a response: 100-699. */
  status = 0;
  /** After the start line. */
  headersStart = 0;
  /** After the empty line. */
  bodyStart = 0;
  /** Recorded header lines. */
  count = 0;
  readonly topVia = new ViaView();
  /** Of a response that the addon read: the Via under the top one; meaningful when `hasNextVia`. */
  readonly nextVia = new ViaView();
  hasNextVia = false;
  readonly from = new AddressView();
  readonly to = new AddressView();
  /** The hashes that the addon made, bits of `ScanHash`; 0: none. */
  hashes = 0;
  keyHi = 0;
  keyLo = 0;
  callHi = 0;
  callLo = 0;
  /** -1: none. */
  cseq = -1;
  cseqMethod: number = Method.OTHER;
  cseqMethodStart = 0;
  cseqMethodEnd = 0;
  /** -1: absent or useless (not a number, above 255). */
  maxForwards = -1;
  /** -1: absent. */
  contentLength = -1;
  readonly #maxHeaders: number;
  /** The recorded headers as `Scan` lays them out: in numbers of our own, or where the addon wrote them. */
  readonly #own: Int32Array;
  #index: Int32Array;
  #first: number = FIRST;
  #lines: number = LINES;

  constructor(maxHeaders = 256) {
    this.#maxHeaders = maxHeaders;
    this.#own = new Int32Array(LINES + LINE_INTS * maxHeaders);
    this.#index = this.#own;
  }

  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.reject = Reject.NONE;
    this.isRequest = false;
    this.method = this.cseqMethod = Method.OTHER;
    this.methodStart = this.methodEnd = this.status = this.count = 0;
    this.headersStart = this.bodyStart = start;
    this.hasNextVia = false;
    this.hashes = 0;
    this.#index = this.#own;
    this.#first = FIRST;
    this.#lines = LINES;
    for (let kind = 0; kind < HEADER_KINDS; kind += 1) this.#own[FIRST + kind] = -1;
    this.cseq = this.maxForwards = this.contentLength = -1;
    this.cseqMethodStart = this.cseqMethodEnd = 0;
    this.uri.reset(start, start);
    this.topVia.reset();
    this.from.tagStart = this.to.tagStart = -1;
  }

  /** Records a header line; `valueEnd` is without trailing white space, `lineEnd` after the CRLF. One too many is left out. */
  record(kind: number, lineStart: number, valueStart: number, valueEnd: number, lineEnd: number): void {
    const { count } = this;
    if (count >= this.#maxHeaders) return;
    const own = this.#own;
    const at = LINES + count * LINE_INTS;
    own[at] = kind;
    own[at + 1] = lineStart;
    own[at + 2] = valueStart;
    own[at + 3] = valueEnd;
    own[at + 4] = lineEnd;
    if ((own[FIRST + kind] as number) < 0) own[FIRST + kind] = count;
    this.count = count + 1;
  }

  /** Takes over what the addon read of the message at `start`; its index begins at `at`. */
  load(bytes: Buffer, start: number, index: Int32Array, at: number): void {
    this.bytes = bytes;
    this.start = this.methodStart = start;
    this.reject = Reject.NONE;
    this.isRequest = index[at + Scan.REQUEST] === 1;
    this.end = index[at + Scan.END] as number;
    this.method = index[at + Scan.METHOD] as number;
    this.methodEnd = index[at + Scan.METHOD_END] as number;
    this.status = index[at + Scan.STATUS] as number;
    this.headersStart = index[at + Scan.HEADERS_START] as number;
    this.bodyStart = index[at + Scan.BODY_START] as number;
    this.count = index[at + Scan.COUNT] as number;
    this.cseq = (index[at + Scan.CSEQ] as number) >>> 0;
    this.cseqMethod = index[at + Scan.CSEQ_METHOD] as number;
    this.cseqMethodStart = index[at + Scan.CSEQ_METHOD_START] as number;
    this.cseqMethodEnd = index[at + Scan.CSEQ_METHOD_END] as number;
    this.maxForwards = index[at + Scan.MAX_FORWARDS] as number;
    this.contentLength = index[at + Scan.CONTENT_LENGTH] as number;
    this.hasNextVia = index[at + Scan.HAS_NEXT_VIA] === 1;
    this.hashes = index[at + Scan.HASHES] as number;
    this.keyHi = (index[at + Scan.KEY_HI] as number) >>> 0;
    this.keyLo = (index[at + Scan.KEY_LO] as number) >>> 0;
    this.callHi = (index[at + Scan.CALL_HI] as number) >>> 0;
    this.callLo = (index[at + Scan.CALL_LO] as number) >>> 0;
    this.topVia.load(index, at + Scan.VIA);
    this.#index = index;
    this.#first = at + FIRST;
    this.#lines = at + LINES;
    if (this.isRequest) this.#loadRequest(index, at);
    else this.#loadResponse(index, at);
  }

  #loadRequest(index: Int32Array, at: number): void {
    this.uri.load(index, at + Scan.URI);
    this.from.load(index, at + Scan.FROM);
    this.to.load(index, at + Scan.TO);
  }

  #loadResponse(index: Int32Array, at: number): void {
    this.methodStart = 0;
    this.uri.reset(this.start, this.start);
    this.from.tagStart = this.to.tagStart = -1;
    if (this.hasNextVia) this.nextVia.load(index, at + Scan.NEXT_VIA);
  }

  /** The index of the header of the same kind after `index`, or -1. */
  next(index: number): number {
    const numbers = this.#index;
    const end = this.#lines + this.count * LINE_INTS;
    const from = this.#lines + index * LINE_INTS;
    const kind = numbers[from];
    for (let at = from + LINE_INTS; at < end; at += LINE_INTS) {
      if (numbers[at] === kind) return (at - this.#lines) / LINE_INTS;
    }
    return -1;
  }

  valueStart(index: number): number {
    return this.#index[this.#lines + index * LINE_INTS + 2] as number;
  }

  /** Without trailing white space. */
  valueEnd(index: number): number {
    return this.#index[this.#lines + index * LINE_INTS + 3] as number;
  }

  lineStart(index: number): number {
    return this.#index[this.#lines + index * LINE_INTS + 1] as number;
  }

  /** After the line's CRLF. */
  lineEnd(index: number): number {
    return this.#index[this.#lines + index * LINE_INTS + 4] as number;
  }

  /** Index of the first header of a kind, or -1. */
  header(kind: number): number {
    return this.#index[this.#first + kind] as number;
  }

  get hasBody(): boolean {
    return this.end > this.bodyStart;
  }

  /** Does To have a tag: is this inside a dialog? */
  get inDialog(): boolean {
    return this.to.tagStart >= 0;
  }

  /** A range as text; not for every packet. */
  text(start: number, end: number): string {
    return start < 0 ? '' : this.bytes.toString('latin1', start, end);
  }

  get callId(): string {
    const index = this.header(HeaderKind.CALL_ID);
    return index < 0 ? '' : this.text(this.valueStart(index), this.valueEnd(index));
  }
}
