import type { PlaneNode } from '../../data-plane';
import type { Connection, Listener, Peer, Question } from '../transport';
import { Reject } from '../message';

/** What is to be done with a message. */
export const Action = { DROP: 0, FORWARD: 1, REJECT: 2, ANSWER_OK: 3, HEARTBEAT: 4, RESOLVE: 5 } as const;

/** Why a message is dropped without an answer; names are the tail of `sip.drops.<name>`. */
export const Drop = {
  NONE: 0,
  OWN_ACK: 1,
  ACK: 2,
  FOREIGN_RESPONSE: 3,
  NO_NEXT_VIA: 4,
  BAD_RESPONSE: 5,
  UNSENDABLE: 6,
  FLOW_GONE: 7,
  KEEPALIVE: 8,
  UNREADABLE: 9,
  SEND_FAILED: 10,
  RATE: 11,
  BLOCKED: 12,
  UNREACHABLE: 13,
} as const;

export const DROP_NAMES: readonly string[] = [
  'none',
  'own-ack',
  'unroutable-ack',
  'foreign-response',
  'no-next-via',
  'bad-response',
  'unsendable',
  'flow-gone',
  'keepalive',
  'unreadable',
  'send-failed',
  'rate',
  'blocked',
  'unreachable',
];

/** What was decided about one message: data only, the sockets are others' work. Reused: valid until the next decision. */
export class Decision {
  action: number = Action.DROP;
  drop: number = Drop.NONE;
  reject: number = Reject.NONE;
  /** The name to look up, for RESOLVE. */
  question: Question | undefined;
  /** The node it goes to or comes from. */
  node: PlaneNode | undefined;
  target: Peer | undefined;
  /** The listener that it leaves by. */
  exit: Listener | undefined;
  /** An open connection that it must leave by. */
  connection: Connection | undefined;
  /** It leaves by a flow that our own Route names: this connection, or by UDP to where the client's packets come from. */
  byFlow = false;
  /** `token@` of the flows to the side that it goes to, and to the side that it came from: stand in our Record-Routes. */
  outFlow: Buffer | undefined;
  backFlow: Buffer | undefined;
  /** The node is a stand-in for one that is gone. */
  failedOver = false;
  /** Came from clients or trunks, not from a node. */
  fromOutside = false;
  /** Goes to a node of ours (not away from one). */
  towardNode = false;
  recordRoute = false;
  /** The side that it came from is told our own address, not the advertised one; and the side that it goes to. */
  directEntry = false;
  directExit = false;
  /** What stands in our Record-Route beside the hint of ours. */
  legacyHint: Buffer | undefined;
  /** A node in Contact is replaced by the address that we are known by. */
  patchContact = false;
  /** A REGISTER gets our Path with this `token@`: the registrar reaches its client by the flow that it came on. */
  pathFlow: Buffer | undefined;
  /** And we say that it is a flow (RFC 5626 5.1). */
  outbound = false;
  /** maddr, port and transport leave the Request-URI: they only named us (RFC 3261 16.4). */
  stripMaddr = false;
  /** Request-URI host and port become the target's. */
  rewriteUri = false;
  /** A Route for the target is put on top. */
  pushRoute = false;
  /** The first remaining Route value goes: it names a node that is gone. */
  dropTopRoute = false;
  /** The first remaining Route value becomes the Request-URI, the Request-URI the last Route value (RFC 3261 16.6.6). */
  strictNext = false;
  /** A strict router put our URI into the Request-URI: the last Route value is the real one (RFC 3261 16.4). */
  strictRescue = false;

  reset(): void {
    this.action = Action.DROP;
    this.drop = Drop.NONE;
    this.reject = Reject.NONE;
    this.node = undefined;
    this.legacyHint = undefined;
    this.target = undefined;
    this.exit = undefined;
    this.question = undefined;
    this.connection = this.outFlow = this.backFlow = this.pathFlow = undefined;
    this.byFlow = this.stripMaddr = this.outbound = this.directEntry = this.directExit = this.patchContact = false;
    this.failedOver = this.fromOutside = this.towardNode = this.recordRoute = this.rewriteUri = this.pushRoute = false;
    this.dropTopRoute = this.strictNext = this.strictRescue = false;
  }

  rejectWith(code: number): void {
    this.action = Action.REJECT;
    this.reject = code;
  }

  dropFor(reason: number): void {
    this.action = Action.DROP;
    this.drop = reason;
  }
}
