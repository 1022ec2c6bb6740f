import { Transport } from '../../proto';
import { HeaderKind, Method, Reject, ViaView, type Edits, type MessageView } from '../message';
import type { Connection, ConnectionTable, Listener, Peer, PeerTable, StreamTransport } from '../transport';
import type { ContactPatch } from './contact-patch';
import type { Memory } from './memory';
import type { OwnAddresses } from './own-addresses';
import { Drop } from './decision';
import { viaPort } from './request-decider';
import { ReturnPath, Transaction } from './transaction';

export interface ResponseParts {
  readonly own: OwnAddresses;
  readonly peers: PeerTable;
  readonly memory: Memory;
  readonly connections: Pick<ConnectionTable, 'byId'>;
  readonly contacts?: ContactPatch | undefined;
  readonly streams: (listener: Listener) => Pick<StreamTransport, 'to'> | undefined;
}

/** Decides where a response goes: by the Via under ours, and out where its request came in (RFC 3261 16.7, 18.2.2, RFC 3581 4). Reused. */
export class ResponseDecider {
  /** The listener that it leaves by. */
  exit: Listener | undefined;
  /** Of a stream, when it is still there. */
  connection: Connection | undefined;
  target: Peer | undefined;
  readonly #parts: ResponseParts;
  readonly #path = new ReturnPath();
  readonly #next = new ViaView();
  readonly #transaction = new Transaction();

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  /** Drop.NONE: forward as the fields say; else the reason to drop it. */
  decide(view: MessageView, nowMs: number): number {
    this.connection = undefined;
    this.target = undefined;
    if (view.reject !== Reject.NONE) return Drop.BAD_RESPONSE;
    const { own } = this.#parts;
    const { bytes, topVia } = view;
    if (own.at(bytes, topVia.hostStart, topVia.hostEnd, viaPort(topVia)) === undefined) return Drop.FOREIGN_RESPONSE;
    if (!this.#path.read(bytes, topVia)) return Drop.FOREIGN_RESPONSE;
    this.exit = own.listeners[this.#path.listenerIndex];
    if (this.exit === undefined) return Drop.FOREIGN_RESPONSE;
    if (!this.#readNext(view)) return Drop.NO_NEXT_VIA;
    const reason = this.exit.transport === Transport.UDP ? this.#datagram(view) : this.#stream(view);
    if (reason === Drop.NONE) this.#noteCall(view, nowMs);
    return reason;
  }

  /** Takes our Via off; nothing else changes (VIA-11) but the Contact of a node behind a public address. */
  compose(edits: Edits, view: MessageView): void {
    const { topVia } = view;
    const index = view.header(HeaderKind.VIA);
    edits.reset();
    if (topVia.nextValue >= 0) edits.begin(topVia.valueStart, topVia.nextValue - topVia.valueStart);
    else edits.begin(view.lineStart(index), view.lineEnd(index) - view.lineStart(index));
    const { contacts } = this.#parts;
    if (contacts !== undefined && this.exit?.leg === 'external') contacts.apply(edits, view, this.exit);
  }

  /** The identity of the client's transaction, as its request had it. */
  transactionKey(view: MessageView): Transaction['key'] {
    this.#transaction.ofVia(view, this.#next);
    return this.#transaction.key;
  }

  #readNext(view: MessageView): boolean {
    const first = view.header(HeaderKind.VIA);
    if (view.topVia.nextValue >= 0) return this.#next.parse(view.bytes, view.topVia.nextValue, view.valueEnd(first));
    const index = view.next(first);
    return index >= 0 && this.#next.parse(view.bytes, view.valueStart(index), view.valueEnd(index));
  }

  #datagram(view: MessageView): number {
    const via = this.#next;
    const { peers } = this.#parts;
    if (via.maddrStart >= 0) this.target = peers.ofBytes(view.bytes, via.maddrStart, via.maddrEnd, viaPort(via));
    else if (via.receivedStart >= 0) {
      const port = via.rport > 0 ? via.rport : viaPort(via);
      this.target = peers.ofBytes(view.bytes, via.receivedStart, via.receivedEnd, port);
    } else this.target = peers.ofBytes(view.bytes, via.hostStart, via.hostEnd, viaPort(via));
    return this.target?.sendable === true ? Drop.NONE : Drop.UNSENDABLE;
  }

  /** The connection that the request came on; gone: a new one to where the sender listens, which a browser does not. */
  #stream(view: MessageView): number {
    const via = this.#next;
    const { peers, connections, streams } = this.#parts;
    const exit = this.exit as Listener;
    const connection = connections.byId(this.#path.connectionId);
    if (connection?.listener === exit) {
      this.connection = connection;
      return Drop.NONE;
    }
    if (exit.webSocket) return Drop.FLOW_GONE;
    const received = via.receivedStart >= 0;
    const start = received ? via.receivedStart : via.hostStart;
    this.target = peers.ofBytes(view.bytes, start, received ? via.receivedEnd : via.hostEnd, viaPort(via, exit));
    if (this.target?.sendable !== true || this.target.family !== exit.self.family) return Drop.UNSENDABLE;
    this.connection = streams(exit)?.to(this.target);
    return this.connection === undefined ? Drop.FLOW_GONE : Drop.NONE;
  }

  #noteCall(view: MessageView, nowMs: number): void {
    if (view.cseqMethod !== Method.INVITE || view.status < 200 || view.status > 299) return;
    this.#transaction.ofCall(view);
    const { call } = this.#transaction;
    this.#parts.memory.calls.answered(call.hi, call.lo, nowMs);
  }
}
