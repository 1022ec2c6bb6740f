import type { PlaneCore, PlaneNode } from '../data-plane';
import { Transport } from '../proto';
import { heartbeatProperties } from './heartbeat-body';
import type { NodeWatch } from './health';
import { Edits, HeaderKind, MessageView, Method, Reject, SCAN_INTS, wire, type MessageParser } from './message';
import {
  Action,
  AnswerWriter,
  Drop,
  RequestDecider,
  ResponseDecider,
  composeRequest,
  statusLine,
  unsupported,
  type Arrival,
  type DeciderParts,
  type Decision,
} from './routing';
import type { OwnAnswers } from './own-answers';
import type { SipCounters } from './sip-counters';
import type { InviteSpans } from './telemetry';
import {
  STUN_ANSWER_BYTES,
  answerStun,
  isStun,
  type Connection,
  type DatagramBatch,
  type Listener,
  type Peer,
  type Question,
  type RateLimiter,
  type StreamTransport,
  type UdpEngine,
  type Undelivered,
} from './transport';

/** The longest datagram there is. */
const MAX_DATAGRAM = 65_507;
/** Less than this is no SIP message: keepalives of NAT boxes and the like. */
const MIN_MESSAGE = 20;
const NOTHING = Buffer.alloc(0);
const OK = statusLine(200, 'OK');
const TRYING = statusLine(100, 'Trying');
const ALLOWED = wire('Accept: application/sdp\r\nAllow: OPTIONS\r\n');

export interface ForwarderParts extends DeciderParts {
  readonly parser: MessageParser;
  readonly maxHeaders: number;
  readonly counters: SipCounters;
  readonly watch: NodeWatch;
  /** By listener index. */
  readonly udp: readonly (UdpEngine | undefined)[];
  readonly streams: (listener: Listener) => StreamTransport | undefined;
  /** Of sources on the external leg. */
  readonly limiter: RateLimiter | undefined;
  readonly ownAnswers: OwnAnswers;
  /** 100 is sent for every INVITE that goes on. */
  readonly sendTrying: boolean;
  readonly spans: InviteSpans | undefined;
}

/** Where a datagram came in; one object for all of them. */
interface MutableArrival {
  listener: Listener;
  peer: Peer;
  connection: Connection | undefined;
}

/** Moves every message: parse, decide, edit, send. Sockets call it; it never throws. */
export class Forwarder {
  readonly #core: PlaneCore;
  readonly #parts: ForwarderParts;
  readonly #counters: SipCounters;
  readonly #requests: RequestDecider;
  readonly #responses: ResponseDecider;
  readonly #answers = new AnswerWriter();
  readonly #edits = new Edits(1024, 1 << 16, 16);
  readonly #view: MessageView;
  #arrival: MutableArrival | undefined;
  /** Asked once per turn: within it, all messages are equally old. */
  #nowMs = 0;

  constructor(parts: ForwarderParts) {
    this.#core = parts.core;
    this.#parts = parts;
    this.#counters = parts.counters;
    this.#requests = new RequestDecider(parts);
    this.#responses = new ResponseDecider(parts);
    this.#view = new MessageView(parts.maxHeaders);
  }

  /** Handles what one turn received and sends what came of it. */
  datagrams(listener: Listener, batch: DatagramBatch): void {
    this.#nowMs = this.#core.clock.now();
    if (batch.indexes !== undefined) this.#parts.memory.warm(batch.indexes, batch.count);
    for (let i = 0; i < batch.count; i += 1) this.#datagram(listener, batch, i);
    this.#flush();
  }

  /** Handles a whole message of a stream. */
  streamed(view: MessageView, connection: Connection): void {
    this.#nowMs = this.#core.clock.now();
    this.#handle(view, arrivalOf(connection));
    this.#flush();
  }

  /** Answers a message whose end cannot be known, before its connection is cut. */
  brokenStream(view: MessageView, connection: Connection): void {
    this.#counters.cut('framing');
    this.#nowMs = this.#core.clock.now();
    this.#handle(view, arrivalOf(connection));
    this.#flush();
  }

  /** Requests that no connection could be made for: by UDP if they may, else as if 503 had come (RFC 3261 18.1.1, 16.9). */
  undelivered(requests: readonly Undelivered[], connection: Connection): void {
    const { node } = connection.peer;
    if (node !== undefined) node.live.failures += requests.length;
    for (const { original, listener, peer, connection: source } of requests) {
      const arrival = { listener, peer, connection: source };
      this.#parts.parser.parseHead(this.#view, original, 0, original.length);
      const decision = this.#requests.decideByUdp(this.#view, arrival, this.#core.clock.now());
      if (decision.action === Action.FORWARD) this.#forward(this.#view, arrival, decision);
      else this.#reject(this.#view, arrival, Reject.UNREACHABLE);
    }
    this.#flush();
  }

  /** The system refused to send a datagram. */
  sendFailed(peer: Peer): void {
    (this.#counters.drops[Drop.SEND_FAILED] as { value: number }).value += 1;
    if (peer.node !== undefined) peer.node.live.failures += 1;
  }

  #datagram(listener: Listener, { peers, buffers, starts, ends, indexes }: DatagramBatch, i: number): void {
    const peer = peers[i] as Peer;
    const bytes = buffers[i] as Buffer;
    const start = starts[i] as number;
    const end = ends[i] as number;
    this.#counters.bytesIn.value += end - start;
    if (end - start < MIN_MESSAGE) return this.#drop(Drop.KEEPALIVE);
    const { limiter } = this.#parts;
    if (limiter !== undefined && listener.leg === 'external' && !limiter.take(peer, this.#nowMs)) {
      return this.#drop(Drop.RATE);
    }
    if (isStun(bytes, start, end)) return this.#stun(listener, peer, bytes, start, end);
    if (this.#arrival === undefined) this.#arrival = { listener, peer, connection: undefined };
    else {
      this.#arrival.listener = listener;
      this.#arrival.peer = peer;
    }
    // What the addon has read is as if the parser had.
    if (indexes !== undefined && indexes[i * SCAN_INTS] === 1) this.#view.load(bytes, start, indexes, i * SCAN_INTS);
    else this.#parts.parser.parseDatagram(this.#view, bytes, start, end);
    this.#handle(this.#view, this.#arrival);
  }

  /** Tells a client behind a NAT where it comes from; keeps its way open (RFC 5626 3.5.2). */
  #stun(listener: Listener, peer: Peer, bytes: Buffer, start: number, end: number): void {
    const engine = this.#parts.udp[listener.index];
    if (engine === undefined) return;
    engine.reserve(STUN_ANSWER_BYTES);
    const length = answerStun(bytes, start, end, peer, engine.out, engine.outAt);
    if (length === 0) return this.#drop(Drop.UNREADABLE);
    this.#counters.stun.value += 1;
    this.#counters.bytesOut.value += length;
    engine.commit(length, peer);
  }

  #handle(view: MessageView, arrival: Arrival): void {
    if (view.isRequest) this.#request(view, arrival);
    else this.#response(view, arrival);
  }

  #request(view: MessageView, arrival: Arrival): void {
    (this.#counters.leg(arrival.listener.leg).requests[view.method] as { value: number }).value += 1;
    const decision = this.#requests.decide(view, arrival, this.#nowMs);
    switch (decision.action) {
      case Action.FORWARD:
        return this.#forward(view, arrival, decision);
      case Action.REJECT:
        return this.#reject(view, arrival, decision.reject);
      case Action.ANSWER_OK:
        return this.#answer(view, arrival, OK, ALLOWED);
      case Action.HEARTBEAT:
        return this.#heartbeat(view, arrival);
      case Action.RESOLVE:
        return this.#park(view, arrival, decision.question);
      default:
        return this.#drop(decision.drop);
    }
  }

  #forward(view: MessageView, arrival: Arrival, decision: Decision): void {
    const { routes, transaction } = this.#requests;
    const { contacts, memory } = this.#parts;
    composeRequest(this.#edits, { view, arrival, decision, routes, transaction, contacts }, memory.hints);
    const { target, exit, node } = decision;
    if (target === undefined || exit === undefined) return;
    const length = view.end - view.start + this.#edits.growth;
    if (decision.towardNode && node !== undefined) {
      countToNode(node, length);
      this.#parts.watch.requested(view, node, this.#nowMs);
    }
    if (decision.failedOver) this.#counters.failovers.value += 1;
    this.#parts.spans?.forwarded(view, arrival, decision, transaction);
    if (this.#parts.sendTrying && view.method === Method.INVITE) this.#answer(view, arrival, TRYING, NOTHING);
    if (exit.transport === Transport.UDP) {
      if (length > MAX_DATAGRAM) return this.#reject(view, arrival, Reject.TOO_LARGE);
      return this.#sendDatagram(view, exit, target, length);
    }
    const connection = decision.connection ?? this.#parts.streams(exit)?.to(target);
    if (connection === undefined || !this.#sendStream(view, connection, length, arrival)) {
      if (node !== undefined && decision.towardNode) node.live.failures += 1;
      this.#reject(view, arrival, exit.webSocket && !decision.towardNode ? Reject.NO_FLOW : Reject.UNREACHABLE);
    }
  }

  #response(view: MessageView, arrival: Arrival): void {
    if (view.status === 0) return this.#drop(Drop.UNREADABLE);
    this.#counters.leg(arrival.listener.leg).responses.count(view.status);
    const now = this.#nowMs;
    const { node } = arrival.peer;
    if (node !== undefined) {
      countFromNode(node, view, now);
      this.#parts.watch.responded(view, arrival.peer, now);
    }
    const responses = this.#responses;
    const reason = responses.decide(view, now);
    if (reason !== Drop.NONE) return this.#drop(reason);
    const { spans } = this.#parts;
    if (spans !== undefined && spans.open > 0) spans.answered(view, responses.transactionKey(view));
    if (responses.failedOver) this.#counters.failovers.value += 1;
    responses.compose(this.#edits, view);
    const length = view.end - view.start + this.#edits.growth;
    if (responses.connection !== undefined) {
      if (!this.#sendStream(view, responses.connection, length)) this.#drop(Drop.SEND_FAILED);
    } else if (responses.target !== undefined && responses.exit !== undefined) {
      this.#sendDatagram(view, responses.exit, responses.target, length);
    }
  }

  #reject(view: MessageView, arrival: Arrival, code: number): void {
    (this.#counters.rejects[code] as { value: number }).value += 1;
    if (view.method === Method.ACK) return;
    // Without any Via nobody waits for an answer.
    if (view.header(HeaderKind.VIA) < 0) return this.#drop(Drop.UNREADABLE);
    const { ownAnswers } = this.#parts;
    const line = ownAnswers.line(code);
    if (line === undefined) return this.#drop(Drop.UNREACHABLE);
    const extra = code === Reject.PROXY_REQUIRE ? unsupported(view) : ownAnswers.extra(code);
    this.#answer(view, arrival, line, extra);
  }

  #answer(view: MessageView, arrival: Arrival, line: Buffer, extra: Buffer): void {
    const edits = this.#answers.write(view, arrival, line, extra, line !== TRYING);
    this.#counters.answers.value += 1;
    this.#counters.bytesOut.value += edits.growth;
    if (arrival.connection !== undefined) {
      const bytes = Buffer.allocUnsafe(edits.growth);
      edits.apply(NOTHING, 0, 0, bytes, 0);
      arrival.connection.write(bytes);
      return;
    }
    const engine = this.#parts.udp[arrival.listener.index];
    if (engine === undefined || edits.growth > MAX_DATAGRAM) return;
    engine.reserve(edits.growth);
    edits.apply(NOTHING, 0, 0, engine.out, engine.outAt);
    engine.commit(edits.growth, this.#replyPeer(view, arrival.peer));
  }

  /** To the packet's source; its port is that of the Via unless rport asks for the real one (RFC 3261 18.2.2). */
  #replyPeer(view: MessageView, source: Peer): Peer {
    const { topVia } = view;
    if (topVia.hostStart < 0 || topVia.rport >= 0 || view.reject === Reject.VIA) return source;
    return this.#parts.peers.ofText(source.host, topVia.port > 0 ? topVia.port : 5060);
  }

  #heartbeat(view: MessageView, arrival: Arrival): void {
    this.#counters.heartbeats.value += 1;
    const { host, port } = arrival.peer;
    this.#core.reportSipHeartbeat({ sourceHost: host, sourcePort: port, properties: heartbeatProperties(view) });
    this.#answer(view, arrival, OK, NOTHING);
  }

  /** Does the request again when the name in it is resolved. */
  #park(view: MessageView, { listener, peer, connection }: Arrival, question: Question | undefined): void {
    const bytes = Buffer.from(view.bytes.subarray(view.start, view.end));
    const again = (): void => {
      this.#parts.parser.parseHead(this.#view, bytes, 0, bytes.length);
      const decision = this.#requests.decide(this.#view, { listener, peer, connection });
      if (decision.action === Action.FORWARD) this.#forward(this.#view, { listener, peer, connection }, decision);
      else this.#reject(this.#view, { listener, peer, connection }, Reject.DESTINATION);
      this.#flush();
    };
    if (question === undefined || !this.#parts.names.whenKnown(question, again))
      this.#reject(view, { listener, peer, connection }, Reject.DESTINATION);
  }

  #drop(reason: number): void {
    (this.#counters.drops[reason] as { value: number }).value += 1;
  }

  #sendDatagram(view: MessageView, exit: Listener, target: Peer, length: number): void {
    const engine = this.#parts.udp[exit.index];
    if (engine === undefined || length > MAX_DATAGRAM || target.family !== exit.self.family) {
      return this.#drop(Drop.UNSENDABLE);
    }
    engine.send(view.bytes, view.start, view.end, this.#edits, length, target);
    this.#counters.bytesOut.value += length;
    if (!this.#edits.keep()) this.#flush();
  }

  /** With `arrival`: a request, which is answered when its connection cannot be made. */
  #sendStream(view: MessageView, connection: Connection, length: number, arrival?: Arrival): boolean {
    const bytes = Buffer.allocUnsafe(length);
    this.#edits.apply(view.bytes, view.start, view.end, bytes, 0);
    const undelivered =
      arrival !== undefined && connection.dialling
        ? {
            original: Buffer.from(view.bytes.subarray(view.start, view.end)),
            listener: arrival.listener,
            peer: arrival.peer,
            connection: arrival.connection,
          }
        : undefined;
    const written = connection.write(bytes, undelivered);
    if (written) this.#counters.bytesOut.value += length;
    return written;
  }

  #flush(): void {
    const { udp } = this.#parts;
    for (let i = 0; i < udp.length; i += 1) udp[i]?.flush();
    this.#edits.release();
  }
}

function arrivalOf(connection: Connection): Arrival {
  return { listener: connection.listener, peer: connection.peer, connection };
}

function countToNode(node: PlaneNode, length: number): void {
  node.live.requests += 1;
  node.live.bytesOut += length;
}

function countFromNode(node: PlaneNode, view: MessageView, nowMs: number): void {
  node.live.heardAtMs = nowMs;
  node.live.bytesIn += view.end - view.start;
  if (view.status >= 500 && view.status < 600) node.live.failures += 1;
}
