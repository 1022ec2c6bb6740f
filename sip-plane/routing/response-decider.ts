import { DEFAULT_POOL, type PlaneCore } from '../../data-plane';
import { Transport } from '../../proto';
import { HeaderKind, Method, Reject, ViaView, wire, type Edits, type MessageView } from '../message';
import type { Connection, ConnectionTable, Listener, Peer, PeerTable, StreamTransport } from '../transport';
import type { ContactPatch } from './contact-patch';
import type { Memory } from './memory';
import type { NodeExits } from './node-exits';
import { viaPort, type OwnAddresses } from './own-addresses';
import { Drop } from './decision';
import { stripOverload } from './strip-overload';
import { ReturnPath, Transaction } from './transaction';

const RPORT = wire('rport=');

export interface ResponseParts {
  readonly core: PlaneCore;
  readonly exits: NodeExits;
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
  /** The node that asked is gone: another one gets the answer. */
  failedOver = false;
  readonly #parts: ResponseParts;
  readonly #path = new ReturnPath();
  readonly #parsed = new ViaView();
  /** The Via under ours. */
  #next = this.#parsed;
  readonly #transaction = new Transaction();

  constructor(parts: ResponseParts) {
    this.#parts = parts;
  }

  /** Drop.NONE: forward as the fields say; else the reason to drop it. */
  decide(view: MessageView, nowMs: number): number {
    this.connection = undefined;
    this.target = undefined;
    this.failedOver = false;
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

  /** Takes our Via off; nothing else changes (VIA-11) but the Contact of a node behind a public address, and overload control in the next Via. */
  compose(edits: Edits, view: MessageView): void {
    const { topVia } = view;
    const index = view.header(HeaderKind.VIA);
    edits.reset();
    if (topVia.nextValue >= 0) edits.begin(topVia.valueStart, topVia.nextValue - topVia.valueStart);
    else edits.begin(view.lineStart(index), view.lineEnd(index) - view.lineStart(index));
    const { contacts } = this.#parts;
    if (this.#next.overload) stripOverload(edits, view.bytes, this.#next);
    if (this.failedOver && this.target !== undefined) readdress(edits, this.#next, this.target);
    if (contacts !== undefined && this.exit?.leg === 'external') contacts.apply(edits, view, this.exit);
  }

  /** The identity of the client's transaction, as its request had it. */
  transactionKey(view: MessageView): Transaction['key'] {
    this.#transaction.ofVia(view, this.#next);
    return this.#transaction.key;
  }

  #readNext(view: MessageView): boolean {
    this.#next = view.hasNextVia ? view.nextVia : this.#parsed;
    if (view.hasNextVia) return true;
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
    if (this.target?.sendable !== true) return Drop.UNSENDABLE;
    return this.#takenOver(view, this.target) ? this.#connect() : Drop.NONE;
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
    if (this.target !== undefined && this.#takenOver(view, this.target)) return this.#connect();
    if (this.target?.sendable !== true || this.target.family !== exit.self.family) return Drop.UNSENDABLE;
    this.connection = streams(exit)?.to(this.target);
    return this.connection === undefined ? Drop.FLOW_GONE : Drop.NONE;
  }

  /**
   * Is the node that sent the request gone? Then its stand-in gets the answer, so that a call that it was setting up goes on there
   * (guides: failover of calls from nodes in their early dialogs).
   */
  #takenOver(view: MessageView, asked: Peer): boolean {
    const { core, exits } = this.#parts;
    const exit = this.exit as Listener;
    const { node } = asked;
    if (node !== undefined && core.table.keepsOldWork(node, core.clock.now())) return false;
    const goneId = node?.id ?? exits.goneFrom(asked);
    if (goneId === undefined) return false;
    const standIn = core.balancer.standIn(node?.pool ?? DEFAULT_POOL, view.callId, goneId);
    const way = standIn === undefined ? undefined : exits.choose(standIn, exit.transport);
    if (way === undefined) return false;
    this.target = way.peer;
    this.exit = way.listener;
    this.failedOver = true;
    return true;
  }

  #connect(): number {
    const exit = this.exit as Listener;
    if (exit.transport === Transport.UDP) return Drop.NONE;
    this.connection = this.#parts.streams(exit)?.to(this.target as Peer);
    return this.connection === undefined ? Drop.FLOW_GONE : Drop.NONE;
  }

  #noteCall(view: MessageView, nowMs: number): void {
    if (view.cseqMethod !== Method.INVITE || view.status < 200 || view.status > 299) return;
    this.#transaction.ofCall(view);
    const { call } = this.#transaction;
    this.#parts.memory.calls.answered(call.hi, call.lo, nowMs);
  }
}

/** Writes another sender into a Via: stacks drop answers to requests that they do not seem to have sent. */
function readdress(edits: Edits, via: ViaView, peer: Peer): void {
  edits.begin(via.sentByStart, via.sentByEnd - via.sentByStart);
  edits.text(peer.hostPortBytes);
  if (via.receivedStart >= 0) {
    edits.begin(via.receivedStart, via.receivedEnd - via.receivedStart);
    edits.text(peer.hostBytes);
  }
  if (via.rport <= 0) return;
  edits.begin(via.rportParamStart, via.rportParamEnd - via.rportParamStart);
  edits.text(RPORT);
  edits.number(peer.port);
}
