import type { Socket } from 'node:net';
import type { NodeLive } from '../../data-plane';
import type { Peer } from '../../runtime/proxy-protocol';
import {
  Command,
  PduFramer,
  PduView,
  RESPONSE_BIT,
  Status,
  commandAt,
  headerOnly,
  isUnanswered,
  putSequence,
  responseTo,
  sequenceAt,
  type PduSink,
} from '../wire';
import { Hold } from './hold';
import type { LinkDeps } from './link-deps';
import type { LinkOwner } from './link-owner';
import { LinkOutput, type OutputListener } from './link-output';
import type { SideCounters } from './side-counters';
import type { SubmitTracer } from './submit-tracer';
import { Window } from './window';

/** How long a closed connection may take to go, ms. */
const LINGER_MS = 1000;

/** Sees the answers of a peer to requests of others before they are passed on. On the packet path. */
export interface AnswerObserver {
  /** `origin`: who gets it; `command` is the request's. */
  answered(pdu: PduView, command: number, origin: PeerLink): void;
  /** A request was not answered in time, or the link is lost. */
  gaveUp(command: number): void;
}

export interface PeerLinkOptions {
  readonly socket: Socket;
  /** Where it really is, when a proxy said so; undefined: where the socket leads. */
  readonly peer?: Peer | undefined;
  readonly owner: LinkOwner;
  /** What is counted of what we send here. */
  readonly out: SideCounters;
  /** The SMSC's own figures; undefined for ESMEs. */
  readonly live?: NodeLive;
  /** Longest PDU accepted until `admit`. */
  readonly maxPduBytes: number;
  readonly tracer?: SubmitTracer | undefined;
  readonly observer?: AnswerObserver | undefined;
}

/**
 * One SMPP connection: frames what comes, answers enquire_link at once and sends its own when the line is silent, gives each
 * request that goes out a sequence number and finds the request of each answer. Bytes in, bytes out; whether a PDU may pass
 * is for the owner. On the packet path: only bytes 12-15 of a PDU change.
 */
export class PeerLink implements PduSink, OutputListener {
  owner: LinkOwner;
  open = true;
  /** The owner's `room` is called once when no more than this many requests are outstanding; -1: never. */
  notifyAt = -1;
  /** Requests sent to this peer and not answered yet. */
  readonly window: Window<PeerLink>;
  readonly remote: string;
  readonly remoteAddress: string | undefined;
  /** When a request of another peer's was last sent here, ms. */
  relayedAtMs: number;
  /** When a request of this peer's was last sent on, ms. */
  askedAtMs: number;
  /** Requests of this peer's that were sent on and are not answered yet. */
  outstanding = 0;
  readonly #deps: LinkDeps;
  readonly #socket: Socket;
  readonly #output: LinkOutput;
  readonly #live: NodeLive | undefined;
  readonly #tracer: SubmitTracer | undefined;
  readonly #observer: AnswerObserver | undefined;
  readonly #framer: PduFramer;
  readonly #view = new PduView();
  #holds = 0;
  #watched = false;
  #heardAtMs: number;
  #readAtMs = 0;
  #enquiredAtMs = Number.POSITIVE_INFINITY;

  constructor(deps: LinkDeps, options: PeerLinkOptions) {
    this.#deps = deps;
    this.#socket = options.socket;
    this.owner = options.owner;
    this.#live = options.live;
    const { socket, out, live } = options;
    this.#output = new LinkOutput({ socket, out, live, flushQueue: deps.flushQueue, listener: this });
    this.#tracer = options.tracer;
    this.#observer = options.observer;
    this.#framer = new PduFramer(this, options.maxPduBytes);
    this.window = new Window(deps.limits.maxInFlight, deps.limits.lastSequence);
    this.#heardAtMs = deps.clock.now();
    this.relayedAtMs = this.#heardAtMs;
    this.askedAtMs = this.#heardAtMs;
    this.remoteAddress = options.peer?.address ?? socket.remoteAddress;
    this.remote = `${this.remoteAddress ?? '?'}:${options.peer?.port ?? socket.remotePort ?? 0}`;
    deps.links.add(this);
    options.socket.setNoDelay(true);
    options.socket.on('data', (chunk: Buffer) => this.#data(chunk));
    options.socket.on('drain', () => this.#drained());
    options.socket.on('end', () => this.close('the peer closed the connection'));
    options.socket.on('error', (error) => this.close(error.message));
    options.socket.on('close', () => {
      this.close('the connection broke');
      deps.links.delete(this);
    });
  }

  /** True while more than the high mark waits to be written. */
  get congested(): boolean {
    return this.#output.congested;
  }

  /** The peer is bound: long PDUs are accepted and silence is asked after. */
  admit(): void {
    this.#framer.maxLength = this.#deps.limits.maxPduBytes;
    this.#watched = true;
  }

  /** Sends a request of another peer's on; its answer goes back by itself. */
  relay(pdu: PduView, origin: PeerLink): void {
    const nowMs = this.#deps.clock.now();
    this.relayedAtMs = nowMs;
    origin.askedAtMs = nowMs;
    const unanswered = isUnanswered(pdu.command);
    if (!unanswered) origin.outstanding += 1;
    const sequence = unanswered
      ? this.window.skip()
      : this.window.add(pdu.command, origin, pdu.sequence, nowMs + this.#deps.limits.responseTimeoutMs);
    if (this.#tracer !== undefined) this.#tracer.sent(pdu.command, sequence, pdu.sequence);
    putSequence(pdu.bytes, pdu.start, sequence);
    if (this.#live !== undefined) {
      this.#live.requests += 1;
      if (!unanswered) this.#live.inFlight += 1;
    }
    this.#output.request(pdu.bytes, pdu.start, pdu.end, pdu.command);
  }

  /** Sends an answer on, or a nack that answers nothing. */
  answer(pdu: PduView, sequence: number): void {
    putSequence(pdu.bytes, pdu.start, sequence);
    this.#output.response(pdu.bytes, pdu.start, pdu.end, pdu.command);
  }

  /** Sends a request of the balancer's own, a whole PDU that is changed and kept; the answer goes to the owner. Returns its sequence number. */
  ask(request: Buffer): number {
    const command = commandAt(request, 0);
    const deadline = this.#deps.clock.now() + this.#deps.limits.responseTimeoutMs;
    const sequence = this.window.add(command, undefined, 0, deadline);
    putSequence(request, 0, sequence);
    this.#output.request(request, 0, request.length, command);
    return sequence;
  }

  /** Answers a request here with nothing but a status; requests that have no answer get none. */
  refuse(command: number, status: number, sequence: number): void {
    if (!this.open || isUnanswered(command)) return;
    this.respond(headerOnly(responseTo(command), status, sequence));
  }

  /** Says that a request does not belong in this state (SMPP 5.0, 2.8.2): in its response, or, where it has none, in a generic_nack. */
  refuseInState(command: number, sequence: number): void {
    if (!isUnanswered(command)) {
      this.refuse(command, Status.INVALID_BIND_STATUS, sequence);
      return;
    }
    // outbind is not for a balancer to obey, in no state.
    const status = command === Command.OUTBIND ? Status.INVALID_COMMAND : Status.INVALID_BIND_STATUS;
    this.respond(headerOnly(Command.GENERIC_NACK, status, sequence));
  }

  /** Sends an answer of the balancer's own, a whole PDU. */
  respond(response: Buffer): void {
    if (!this.open) return;
    this.#output.response(response, 0, response.length, commandAt(response, 0));
  }

  /** Stops reading for one of the reasons of `Hold`. */
  hold(reason: number): void {
    if (this.#holds === 0 && this.open) this.#socket.pause();
    this.#holds |= reason;
  }

  held(reason: number): boolean {
    return (this.#holds & reason) !== 0;
  }

  /** Ends some reasons; when none is left, what waits is offered again and reading goes on. */
  release(reasons: number): void {
    if ((this.#holds & reasons) === 0) return;
    this.#holds &= ~reasons;
    if (this.#holds !== 0 || !this.open) return;
    this.#framer.resume();
    // What was offered may have led to a new hold.
    if (this.#holds === 0 && this.open) this.#socket.resume();
  }

  /** Asks the peer whether it lives, without waiting for silence. */
  probe(): void {
    if (!this.open || this.#enquiredAtMs !== Number.POSITIVE_INFINITY) return;
    this.#enquiredAtMs = this.#deps.clock.now();
    this.ask(headerOnly(Command.ENQUIRE_LINK, Status.OK, 0));
  }

  /** Response and enquire_link timers; called every few ms to fractions of a second. */
  tick(nowMs: number): void {
    if (!this.open) return;
    for (let slot = this.window.expired(nowMs); slot >= 0; slot = this.window.expired(nowMs)) this.#expire(slot);
    if (!this.#watched) return;
    // A line that we do not read cannot be heard: it is not silent.
    if (this.held(Hold.WINDOW | Hold.SLOW_PEER | Hold.RATE)) {
      this.#heardAtMs = nowMs;
      this.#enquiredAtMs = Number.POSITIVE_INFINITY;
    } else if (nowMs - this.#enquiredAtMs >= this.#deps.limits.enquireLinkTimeoutMs) {
      this.#deps.trouble.silent.value += 1;
      this.close('no answer to enquire_link');
    } else if (nowMs - this.#heardAtMs >= this.#deps.limits.enquireLinkMs) {
      this.probe();
    }
  }

  /** Writes what is queued, then ends the connection in an orderly way. The owner is not told: it asked. */
  end(): void {
    if (!this.open) return;
    this.#output.flush();
    this.open = false;
    this.#output.close();
    this.#framer.stop();
    this.#abandon();
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    this.#socket.end();
    const linger = this.#deps.clock.after(LINGER_MS, () => this.#socket.destroy());
    this.#socket.once('close', () => linger.cancel());
  }

  /** Cuts the connection: requests in flight are answered ESME_RSYSERR to who sent them, then the owner is told. */
  close(reason: string): void {
    if (!this.open) return;
    this.open = false;
    this.#output.close();
    this.#framer.stop();
    this.#socket.destroy();
    this.#abandon();
    this.owner.lost(this, reason);
  }

  /** Cuts the connection at once, open or lingering. */
  destroy(): void {
    this.close('the balancer is stopping');
    this.#socket.destroy();
  }

  tooMuch(): void {
    this.owner.congested(this);
  }

  farTooMuch(): void {
    this.hold(Hold.OWN_OUTPUT);
  }

  pdu(bytes: Buffer, start: number, end: number): boolean {
    if (!this.open || this.#holds !== 0) return false;
    // Only whole PDUs are a sign of life: bytes may belong to one that never ends.
    this.#heard(this.#readAtMs);
    const view = this.#view;
    view.bytes = bytes;
    view.start = start;
    view.end = end;
    view.command = commandAt(bytes, start);
    view.sequence = sequenceAt(bytes, start);
    if (view.command >= RESPONSE_BIT) {
      this.#response(view);
      return true;
    }
    if (view.command === Command.ENQUIRE_LINK) {
      this.refuse(Command.ENQUIRE_LINK, Status.OK, view.sequence);
      return true;
    }
    return this.owner.request(this, view);
  }

  badLength(): void {
    this.#deps.trouble.badLength.value += 1;
    this.respond(headerOnly(Command.GENERIC_NACK, Status.INVALID_COMMAND_LENGTH, 0));
    const { owner } = this;
    this.end();
    owner.lost(this, 'a command_length that is not possible');
  }

  #data(chunk: Buffer): void {
    this.#readAtMs = this.#deps.clock.now();
    if (this.#live !== undefined) this.#live.bytesIn += chunk.length;
    this.#framer.push(chunk);
  }

  #heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#enquiredAtMs = Number.POSITIVE_INFINITY;
    if (this.#live !== undefined) this.#live.heardAtMs = nowMs;
  }

  #response(pdu: PduView): void {
    const slot = this.window.find(pdu.sequence);
    if (slot < 0) {
      if (pdu.command === Command.GENERIC_NACK) this.owner.strayNack(this, pdu);
      else this.#deps.trouble.lateAnswers.value += 1;
      return;
    }
    const command = this.window.commandOf(slot);
    if (pdu.command !== Command.GENERIC_NACK && pdu.command !== responseTo(command)) {
      this.#deps.trouble.mismatchedAnswers.value += 1;
      return;
    }
    const origin = this.window.originOf(slot);
    const originSequence = this.window.originSequenceOf(slot);
    this.window.free(slot);
    if (this.#tracer !== undefined) this.#tracer.answered(pdu.sequence, pdu.status);
    if (origin === undefined) {
      if (command !== Command.ENQUIRE_LINK) this.owner.answered(this, pdu, command);
    } else {
      origin.outstanding -= 1;
      if (this.#live !== undefined) this.#live.inFlight -= 1;
      if (!origin.open) this.#deps.trouble.lateAnswers.value += 1;
      else {
        if (this.#observer !== undefined) this.#observer.answered(pdu, command, origin);
        origin.answer(pdu, originSequence);
      }
    }
    if (this.window.size <= this.notifyAt) this.#notify();
  }

  #notify(): void {
    this.notifyAt = -1;
    this.owner.room(this);
  }

  #expire(slot: number): void {
    if (this.window.originOf(slot) !== undefined) this.#deps.trouble.responseTimeouts.value += 1;
    this.#giveUp(slot);
    if (this.window.size <= this.notifyAt) this.#notify();
  }

  #abandon(): void {
    for (let slot = this.window.oldest(); slot >= 0; slot = this.window.oldest()) this.#giveUp(slot);
  }

  /** Answers a request in the place of a peer that does not. */
  #giveUp(slot: number): void {
    const origin = this.window.originOf(slot);
    if (this.#tracer !== undefined) this.#tracer.answered(this.window.sequenceOf(slot), Status.SYSTEM_ERROR);
    if (origin !== undefined) {
      origin.outstanding -= 1;
      this.#observer?.gaveUp(this.window.commandOf(slot));
      if (this.#live !== undefined) {
        this.#live.failures += 1;
        this.#live.inFlight -= 1;
      }
      origin.refuse(this.window.commandOf(slot), Status.SYSTEM_ERROR, this.window.originSequenceOf(slot));
    }
    this.window.free(slot);
  }

  #drained(): void {
    if (!this.congested && !this.held(Hold.OWN_OUTPUT)) return;
    this.#output.congested = false;
    this.release(Hold.OWN_OUTPUT);
    if (this.open) this.owner.drained(this);
  }
}
