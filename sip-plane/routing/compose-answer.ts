import { ByteHash, HASH_CHARS } from '../affinity';
import { HeaderKind, Edits, wire, type MessageView } from '../message';
import type { Arrival } from './arrival';
import { OWN_TAG } from './own-tag';
import { stampVia } from './stamp-via';
import { ownTagHash } from './transaction';

const CRLF = wire('\r\n');
const TAG = wire(';tag=');
const EMPTY_BODY = wire('Content-Length: 0\r\n\r\n');
const NOTHING = Buffer.alloc(0);

const COPIED = [HeaderKind.FROM, HeaderKind.CALL_ID, HeaderKind.CSEQ] as const;

/**
 * Writes our own final responses (RFC 3261 8.2.6.2): Via, From, Call-ID and CSeq as they came, To with a tag that is a hash of the
 * request, so that a retransmission gets the same answer and the ACK is known again (8.2.7).
 */
export class AnswerWriter {
  readonly #edits = new Edits(8, 16_384);
  readonly #viaEdits = new Edits(4, 512);
  readonly #hash = new ByteHash();
  readonly #tag = Buffer.alloc(HASH_CHARS);
  #via: Buffer = Buffer.alloc(4096);

  /** Writes `SIP/2.0 <status line>`, then the copied headers, then `extra` (whole lines), To without a tag of ours when not `tagged`; returns the splices to apply to nothing. */
  write(view: MessageView, arrival: Arrival, statusLine: Buffer, extra: Buffer, tagged = true): Edits {
    const edits = this.#edits;
    edits.reset();
    edits.begin(0);
    edits.text(statusLine);
    this.#vias(edits, view, arrival);
    for (const kind of COPIED) {
      const index = view.header(kind);
      if (index >= 0) edits.copy(view.bytes, view.lineStart(index), view.lineEnd(index));
    }
    this.#to(edits, view, tagged);
    edits.text(extra);
    edits.text(EMPTY_BODY);
    return edits;
  }

  #vias(edits: Edits, view: MessageView, { listener, peer }: Arrival): void {
    const top = view.header(HeaderKind.VIA);
    for (let index = top; index >= 0; index = view.next(index)) {
      const start = view.lineStart(index);
      const end = view.lineEnd(index);
      if (index !== top || listener.webSocket) {
        edits.copy(view.bytes, start, end);
        continue;
      }
      this.#viaEdits.reset();
      stampVia(this.#viaEdits, view, peer);
      const room = end - start + this.#viaEdits.growth;
      if (this.#via.length < room) this.#via = Buffer.alloc(room);
      edits.copy(this.#via, 0, this.#viaEdits.apply(view.bytes, start, end, this.#via, 0));
    }
  }

  #to(edits: Edits, view: MessageView, tagged: boolean): void {
    const index = view.header(HeaderKind.TO);
    if (index < 0) return;
    const { bytes, to } = view;
    // After an early fault To may not have been read yet; one that cannot be read stays as it is.
    const readable = to.parse(bytes, view.valueStart(index), view.valueEnd(index));
    if (!readable || !tagged || to.tagStart >= 0) {
      edits.copy(bytes, view.lineStart(index), view.lineEnd(index));
      return;
    }
    ownTagHash(this.#hash, view);
    this.#hash.write(this.#tag, 0);
    edits.copy(bytes, view.lineStart(index), view.valueEnd(index));
    edits.text(TAG);
    edits.text(OWN_TAG);
    edits.text(this.#tag);
    edits.text(CRLF);
  }
}

/** The bytes of a status line. */
export const statusLine = (status: number, reason: string): Buffer => wire(`SIP/2.0 ${status} ${reason}\r\n`);

/** `Unsupported` with every tag that a request's Proxy-Require asks for: we have no extensions (RFC 3261 16.3.5). */
export function unsupported(view: MessageView): Buffer {
  const parts: string[] = [];
  for (let i = view.header(HeaderKind.PROXY_REQUIRE); i >= 0; i = view.next(i)) {
    parts.push(view.text(view.valueStart(i), view.valueEnd(i)).replace(/\s+/g, ' '));
  }
  return parts.length === 0 ? NOTHING : Buffer.from(`Unsupported: ${parts.join(', ')}\r\n`, 'latin1');
}
