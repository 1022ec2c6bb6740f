import type { PlaneNode } from '../../data-plane';
import { HeaderKind, Method, isDigit, parseNumber, type MessageView } from '../message';
import type { Peer } from '../transport';
import type { NodeHealth } from './node-health';
import type { OverloadControl } from './overload-control';

const UNAVAILABLE = 503;
/** A Retry-After of more digits is no time. */
const MAX_DIGITS = 9;

/** Looks at the traffic with nodes, message by message, for what it says about them. */
export class NodeWatch {
  readonly #health: NodeHealth;
  readonly #overload: OverloadControl | undefined;

  constructor(health: NodeHealth, overload: OverloadControl | undefined) {
    this.#health = health;
    this.#overload = overload;
  }

  /** A request left for a node. */
  requested(view: MessageView, node: PlaneNode, nowMs: number): void {
    if (view.method !== Method.ACK) this.#health.requested(node, nowMs);
  }

  /** A response came from a peer; strangers are passed over. */
  responded(view: MessageView, peer: Peer, nowMs: number): void {
    const { node } = peer;
    if (node === undefined) return;
    this.#health.responded(node, view.status, nowMs);
    if (view.status === UNAVAILABLE) this.#retryAfter(view, node, nowMs);
    this.#overload?.heard(view, peer, nowMs);
  }

  /** Nothing listens there. */
  unreachable({ node }: Peer): void {
    if (node !== undefined) this.#health.unreachable(node);
  }

  /** `Retry-After: 120 (comment);duration=60`: the first number counts. */
  #retryAfter(view: MessageView, node: PlaneNode, nowMs: number): void {
    const index = view.header(HeaderKind.RETRY_AFTER);
    if (index < 0) return;
    const start = view.valueStart(index);
    let end = start;
    while (end < view.valueEnd(index) && end - start < MAX_DIGITS && isDigit(view.bytes[end] as number)) end += 1;
    if (end > start) this.#health.retryAfter(node, parseNumber(view.bytes, start, end), nowMs);
  }
}
