import { DEFAULT_POOL, type PlaneCore, type PlaneNode } from '../../data-plane';
import type { Transport } from '../../proto';
import { ByteHash, type AffinityKey, type Hint } from '../affinity';
import { HeaderKind, Method, SEMICOLON, Scheme, wantsRecordRoute, type MessageView, type UriView } from '../message';
import type { PeerTable } from '../transport';
import type { Memory } from './memory';
import { portOf } from './own-addresses';
import type { RouteSet } from './route-set';
import { callHash, type Transaction } from './transaction';

/**
 * Which node gets a request, in the order of the design: our signed hint, the decision of this transaction, the call that the Call-ID or
 * Replaces, Join or Target-Dialog names, a live node that Route or Request-URI names, the algorithm. Reused.
 */
export class NodeChooser {
  /** The node that the request belonged to and that is gone; undefined: none, or not known by name. */
  origin: PlaneNode | undefined;
  /** The time of the decisions that follow, ms; set by whoever asks. */
  nowMs = 0;
  /** A stand-in was taken for a node that is gone. */
  failedOver = false;
  /** New work: the algorithm chose the node for its key. */
  fresh = false;
  /** The transport that this transaction used before. */
  transport: Transport | undefined;
  readonly #core: PlaneCore;
  readonly #memory: Memory;
  readonly #peers: PeerTable;
  readonly #affinity: AffinityKey;
  readonly #otherCall = new ByteHash();

  constructor(core: PlaneCore, memory: Memory, peers: PeerTable, affinity: AffinityKey) {
    this.#core = core;
    this.#memory = memory;
    this.#peers = peers;
    this.#affinity = affinity;
  }

  /** The node for a request; undefined: none is usable. */
  choose(view: MessageView, transaction: Transaction, routes: RouteSet, rescued: boolean): PlaneNode | undefined {
    this.origin = undefined;
    this.failedOver = this.fresh = false;
    this.transport = undefined;
    const hint = this.#hint(view, routes, rescued);
    return hint === undefined ? this.#unhinted(view, transaction, routes) : this.#hinted(hint, view, transaction);
  }

  /** Keeps the decision for the rest of the transaction, and the call's node for the rest of the call. */
  remember(view: MessageView, transaction: Transaction, node: PlaneNode, transport: Transport): void {
    const now = this.nowMs;
    const { decisions, calls } = this.#memory;
    const { key, call } = transaction;
    if (view.method !== Method.ACK) decisions.remember(key.hi, key.lo, node, transport, now);
    if (view.method === Method.BYE) calls.ended(call.hi, call.lo, now);
    else if (this.failedOver || wantsRecordRoute(view.method))
      calls.routed(call.hi, call.lo, node, this.failedOver, now);
  }

  #hint(view: MessageView, routes: RouteSet, rescued: boolean): Hint | undefined {
    const { hints } = this.#memory;
    for (let i = 0; i < routes.ownCount; i += 1) {
      const uri = routes.own[i] as UriView;
      const hint = hints.read(view.bytes, uri.hintStart, uri.hintEnd);
      if (hint !== undefined) return hint;
    }
    return rescued ? hints.read(view.bytes, view.uri.hintStart, view.uri.hintEnd) : undefined;
  }

  #hinted(hint: Hint, view: MessageView, transaction: Transaction): PlaneNode | undefined {
    const { table, balancer } = this.#core;
    const now = this.nowMs;
    const { call } = transaction;
    const known = this.#memory.calls.find(call.hi, call.lo, now);
    // A call that moved to a stand-in stays there, even when its first node is back.
    if (known !== undefined && this.#memory.calls.moved) {
      const current = table.get(known.id);
      if (current !== undefined && current.id !== hint.nodeId && table.keepsOldWork(current, now)) {
        this.failedOver = true;
        this.origin = hint.nodeId === undefined ? undefined : table.get(hint.nodeId);
        return current;
      }
    }
    const node = hint.nodeId === undefined ? undefined : table.get(hint.nodeId);
    if (node !== undefined && table.keepsOldWork(node, now)) return node;
    this.failedOver = true;
    this.origin = node ?? known;
    return balancer.standIn(node?.pool ?? DEFAULT_POOL, view.callId, hint.nodeId ?? known?.id);
  }

  #unhinted(view: MessageView, transaction: Transaction, routes: RouteSet): PlaneNode | undefined {
    const { table, balancer } = this.#core;
    const now = this.nowMs;
    const { decisions, calls } = this.#memory;
    const { key, call } = transaction;
    let known = decisions.find(key.hi, key.lo, now);
    if (known !== undefined) this.transport = decisions.transport;
    else known = calls.find(call.hi, call.lo, now) ?? this.#otherDialog(view, now);
    if (known !== undefined) {
      const current = table.get(known.id);
      if (current !== undefined && table.keepsOldWork(current, now)) return current;
      this.origin = known;
      this.failedOver = true;
      this.transport = undefined;
      return balancer.standIn(known.pool, view.callId, known.id);
    }
    const affinityKey = this.#affinity.of(view);
    const pinned = balancer.pinned(DEFAULT_POOL, affinityKey);
    const given = pinned ?? this.#named(view, routes);
    if (given !== undefined) return given;
    this.fresh = true;
    return balancer.choose(DEFAULT_POOL, affinityKey, now);
  }

  /** Another node for new work, when the one chosen does not want it; undefined: there is none. */
  instead(view: MessageView, node: PlaneNode): PlaneNode | undefined {
    const others = this.#core.table.pool(node.pool).newest.filter(({ id }) => id !== node.id);
    if (others.length === 0) return undefined;
    return this.#core.balancer.chooseAmong(node.pool, this.#affinity.of(view), others);
  }

  /** The node of the dialog that an INVITE replaces, joins or targets (RFC 3891, 3911, 4538): their values begin with its Call-ID. */
  #otherDialog(view: MessageView, now: number): PlaneNode | undefined {
    let index = view.header(HeaderKind.REPLACES);
    if (index < 0) index = view.header(HeaderKind.JOIN);
    if (index < 0) index = view.header(HeaderKind.TARGET_DIALOG);
    if (index < 0) return undefined;
    const start = view.valueStart(index);
    let end = start;
    while (end < view.valueEnd(index) && view.bytes[end] !== SEMICOLON) end += 1;
    callHash(this.#otherCall, view.bytes, start, end);
    return this.#memory.calls.find(this.#otherCall.hi, this.#otherCall.lo, now);
  }

  /** A live node that the first Route, or else the Request-URI, names by its address (guides 1.5). */
  #named(view: MessageView, routes: RouteSet): PlaneNode | undefined {
    const uri = routes.hasTop ? routes.top : view.uri;
    if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return undefined;
    const node = this.#peers.find(view.bytes, uri.hostStart, uri.hostEnd, portOf(uri))?.node;
    return node !== undefined && this.#core.table.keepsOldWork(node, this.nowMs) ? node : undefined;
  }
}
