import { AddressView } from './address-view';
import { HEADER_KINDS, HeaderKind } from './header-names';
import { Method } from './method';
import { Reject } from './reject';
import { UriView } from './uri-view';
import { ViaView } from './via-view';

const EMPTY = Buffer.alloc(0);

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
  readonly kinds: Uint8Array;
  readonly lineStarts: Int32Array;
  readonly valueStarts: Int32Array;
  /** Without trailing white space. */
  readonly valueEnds: Int32Array;
  /** After the line's CRLF. */
  readonly lineEnds: Int32Array;
  /** By kind: the first header of that kind, or -1. */
  readonly first = new Int16Array(HEADER_KINDS).fill(-1);
  readonly topVia = new ViaView();
  readonly from = new AddressView();
  readonly to = new AddressView();
  /** -1: none. */
  cseq = -1;
  cseqMethod: number = Method.OTHER;
  cseqMethodStart = 0;
  cseqMethodEnd = 0;
  /** -1: absent or useless (not a number, above 255). */
  maxForwards = -1;
  /** -1: absent. */
  contentLength = -1;

  constructor(maxHeaders = 256) {
    this.kinds = new Uint8Array(maxHeaders);
    this.lineStarts = new Int32Array(maxHeaders);
    this.valueStarts = new Int32Array(maxHeaders);
    this.valueEnds = new Int32Array(maxHeaders);
    this.lineEnds = new Int32Array(maxHeaders);
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
    this.first.fill(-1);
    this.cseq = this.maxForwards = this.contentLength = -1;
    this.cseqMethodStart = this.cseqMethodEnd = 0;
    this.uri.reset(start, start);
    this.topVia.reset();
    this.from.tagStart = this.to.tagStart = -1;
  }

  /** The index of the header of the same kind after `index`, or -1. */
  next(index: number): number {
    const kind = this.kinds[index];
    for (let i = index + 1; i < this.count; i += 1) if (this.kinds[i] === kind) return i;
    return -1;
  }

  valueStart(index: number): number {
    return this.valueStarts[index] as number;
  }

  valueEnd(index: number): number {
    return this.valueEnds[index] as number;
  }

  lineStart(index: number): number {
    return this.lineStarts[index] as number;
  }

  lineEnd(index: number): number {
    return this.lineEnds[index] as number;
  }

  /** Index of the first header of a kind, or -1. */
  header(kind: number): number {
    return this.first[kind] as number;
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
