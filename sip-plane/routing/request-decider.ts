import type { PlaneNode } from '../../data-plane';
import { Transport } from '../../proto';
import { HeaderKind, Method, Reject, Scheme, equalsBytes, wantsRecordRoute, wire, type MessageView } from '../message';
import type { Peer } from '../transport';
import type { Arrival } from './arrival';
import type { DeciderParts } from './decider-parts';
import { Action, Decision, Drop } from './decision';
import { LoopCheck } from './loop-check';
import { namedTransport } from './named-transport';
import { NodeChooser } from './node-chooser';
import type { Exit } from './node-exits';
import { contactSays, supports } from './option-tags';
import { OutwardDecider } from './outward-decider';
import { portOf, viaPort } from './own-addresses';
import { OwnTag } from './own-tag';
import { RouteSet } from './route-set';
import { Transaction } from './transaction';

const PATH = wire('path');
const OUTBOUND = wire('outbound');
const OB = wire('ob');
/** A request that would be longer than this goes by TCP where it can (RFC 3261 18.1.1). */
const UDP_LIMIT = 1300;
/** What our Via, Record-Routes and origin headers add, about. */
const GROWTH = 330;

/**
 * Decides what happens to a request (RFC 3261 16.3 to 16.6, stateless as 16.11 says). It does no I/O: the result stands in `decision`,
 * its identities in `transaction`, its Route values in `routes`, all valid until the next call.
 */
export class RequestDecider {
  readonly decision = new Decision();
  readonly transaction = new Transaction();
  readonly routes = new RouteSet();
  readonly #parts: DeciderParts;
  readonly #chooser: NodeChooser;
  readonly #outward: OutwardDecider;
  readonly #loops: LoopCheck;
  readonly #ownTag = new OwnTag();
  /** TCP was refused for a request that was too long for UDP. */
  #byUdp = false;

  constructor(parts: DeciderParts) {
    this.#parts = parts;
    this.#chooser = new NodeChooser(parts.core, parts.memory, parts.peers, parts.affinity);
    this.#outward = new OutwardDecider(parts, this);
    this.#loops = new LoopCheck(parts.own);
  }

  /** @param nowMs the core's clock; whoever has many messages at once asks it once. */
  decide(view: MessageView, arrival: Arrival, nowMs = this.#parts.core.clock.now()): Decision {
    const { decision } = this;
    this.#chooser.nowMs = nowMs;
    decision.reset();
    if (view.reject !== Reject.NONE) decision.rejectWith(view.reject);
    else this.#valid(view, arrival);
    if (decision.action === Action.FORWARD) this.#naming(view, arrival);
    if (decision.action === Action.REJECT && view.method === Method.ACK) decision.dropFor(Drop.ACK);
    return decision;
  }

  /** Decides anew about a request that no TCP connection could be made for: what went by TCP for its length only goes by UDP (RFC 3261 18.1.1). */
  decideByUdp(view: MessageView, arrival: Arrival, nowMs: number): Decision {
    this.#byUdp = arrival.listener.transport === Transport.UDP && !this.#parts.exits.policy.forced;
    const decision = this.decide(view, arrival, nowMs);
    const helps = this.#byUdp && decision.exit?.transport === Transport.UDP;
    this.#byUdp = false;
    if (decision.action === Action.FORWARD && !helps) decision.rejectWith(Reject.UNREACHABLE);
    return decision;
  }

  #valid(view: MessageView, arrival: Arrival): void {
    const { decision, routes, transaction } = this;
    const { own } = this.#parts;
    if (isHeartbeat(view, arrival)) {
      decision.action = Action.HEARTBEAT;
      return;
    }
    if (arrival.listener.leg === 'external' && this.#blocked(view, arrival)) return;
    decision.stripMaddr = this.#onlyNamesUs(view, arrival);
    const forUs = this.#isForUs(view);
    decision.strictRescue = forUs && view.uri.loose && routes.findLast(view);
    if (!routes.read(view, own, decision.strictRescue)) return decision.rejectWith(Reject.ROUTE);
    if (forUs && !routes.hasTop && view.method === Method.OPTIONS && view.uri.userStart < 0) {
      // Whoever asks whether we are there is to send elsewhere from now on.
      if (this.#parts.draining?.() === true) return decision.rejectWith(Reject.DRAINING);
      decision.action = Action.ANSWER_OK;
      return;
    }
    if (view.method === Method.ACK && this.#ownTag.isIn(view)) return decision.dropFor(Drop.OWN_ACK);
    if (view.maxForwards === 0) return decision.rejectWith(Reject.MAX_FORWARDS);
    transaction.ofRequest(view, arrival.listener.index);
    if (this.#loops.loops(view, transaction)) return decision.rejectWith(Reject.LOOP);
    if (view.header(HeaderKind.PROXY_REQUIRE) >= 0) return decision.rejectWith(Reject.PROXY_REQUIRE);
    decision.recordRoute = wantsRecordRoute(view.method);
    const balanced = forUs && !decision.strictRescue && !routes.hasTop;
    decision.fromOutside = arrival.listener.leg === 'external' && !(own.singleLeg && this.#isNode(view, arrival.peer));
    if (decision.fromOutside || balanced) this.#toNode(view, arrival, forUs);
    else this.#outward.decide(view, arrival, this.#chooser.nowMs);
  }

  /** Is maddr of the Request-URI the very listener that the request came to? Then it did its work and goes (RFC 3261 16.4). */
  #onlyNamesUs(view: MessageView, { listener }: Arrival): boolean {
    const { uri, bytes } = view;
    if (uri.maddrStart < 0) return false;
    const named = this.#parts.own.at(bytes, uri.maddrStart, uri.maddrEnd, portOf(uri, bytes));
    if (named?.self.key !== listener.self.key) return false;
    const transport = namedTransport(view, uri) ?? (uri.scheme === Scheme.SIPS ? Transport.TLS : Transport.UDP);
    return transport === listener.transport || (transport === Transport.WS && listener.webSocket);
  }

  #isForUs({ bytes, uri }: MessageView): boolean {
    const { own } = this.#parts;
    if (!this.decision.stripMaddr) return own.ofUri(bytes, uri) !== undefined;
    return own.at(bytes, uri.hostStart, uri.hostEnd, uri.scheme === Scheme.SIPS ? 5061 : 5060) !== undefined;
  }

  /** How we call ourselves to both sides. */
  #naming(view: MessageView, arrival: Arrival): void {
    const { decision } = this;
    const { direct, contacts, legacyHint } = this.#parts;
    if (decision.recordRoute) this.#flows(view, arrival);
    if (legacyHint !== undefined && decision.recordRoute && decision.node !== undefined) {
      const inner = decision.towardNode ? decision.exit : arrival.listener;
      decision.legacyHint = legacyHint.params(decision.node, inner?.transport ?? arrival.listener.transport);
    }
    decision.patchContact = contacts !== undefined && !decision.fromOutside && !decision.towardNode;
    if (direct === undefined) return;
    decision.directEntry = direct.has(arrival.peer);
    decision.directExit = decision.target !== undefined && direct.has(decision.target);
  }

  /** The flows that stand in our Record-Routes: those outside are reached by them only, if they came by a connection or through a NAT. */
  #flows(view: MessageView, arrival: Arrival): void {
    const { decision } = this;
    const { flows } = this.#parts.memory;
    const { connection, listener, peer } = arrival;
    if (decision.fromOutside) {
      if (connection !== undefined) decision.backFlow = flows.ofConnection(connection, false);
      else if (this.#isNatted(view, peer)) decision.backFlow = flows.ofPeer(peer, listener.index, false);
    }
    const { target, exit } = decision;
    if (decision.connection !== undefined) decision.outFlow = flows.ofConnection(decision.connection, false);
    else if (decision.byFlow && target !== undefined && exit !== undefined)
      decision.outFlow = flows.ofPeer(target, exit.index, false);
  }

  /** By UDP: is the sender reached only where its packets come from? It says so by `ob` in Contact, or is elsewhere than its Via says. */
  #isNatted(view: MessageView, peer: Peer): boolean {
    const { bytes, topVia } = view;
    if (supports(view, OUTBOUND) && contactSays(view, OB)) return true;
    // Without rport it wants answers where it says, not where it sends from (RFC 3581 3).
    if (topVia.rport < 0) return false;
    return viaPort(topVia) !== peer.port || !equalsBytes(bytes, topVia.hostStart, topVia.hostEnd, peer.hostBytes);
  }

  /** Inwards: a node is chosen, and the request is sent there. From outside nothing goes anywhere else: we are no open relay. */
  #toNode(view: MessageView, arrival: Arrival, forUs: boolean): void {
    const { decision, routes, transaction } = this;
    const chooser = this.#chooser;
    if (this.#forgedFlow(view)) return decision.rejectWith(Reject.FORGED_FLOW);
    let node = chooser.choose(view, transaction, routes, decision.strictRescue);
    if (node === undefined) return decision.rejectWith(Reject.NO_NODE);
    let exit = this.#exitTo(node, view, arrival);
    if (exit !== undefined && chooser.fresh && this.#sheds(view, exit.peer)) {
      node = chooser.instead(view, node);
      exit = node === undefined ? undefined : this.#exitTo(node, view, arrival);
      if (node === undefined || exit === undefined || this.#sheds(view, exit.peer))
        return decision.rejectWith(Reject.OVERLOAD);
    }
    if (exit === undefined) return decision.rejectWith(Reject.UNREACHABLE);
    chooser.remember(view, transaction, node, exit.transport);
    decision.action = Action.FORWARD;
    decision.towardNode = true;
    decision.failedOver = chooser.failedOver;
    decision.node = node;
    decision.target = exit.peer;
    decision.exit = exit.listener;
    // The Request-URI is ours to change only when it is our own address; left alone, the node would send the request back to us.
    decision.rewriteUri = forUs && !decision.strictRescue && !routes.hasTop;
    this.#pushOver(view, exit.peer);
    this.#path(view, arrival);
  }

  /** A token in our own Route that is not of our making (RFC 5626 5.3). The sender's own names the way that it came by. */
  #forgedFlow({ bytes }: MessageView): boolean {
    const { own, ownCount } = this.routes;
    for (let i = 0; i < ownCount; i += 1) {
      const { userStart, userEnd } = own[i] as (typeof own)[number];
      if (userStart >= 0 && this.#parts.memory.flows.read(bytes, userStart, userEnd) === 'forged') return true;
    }
    return false;
  }

  #exitTo(node: PlaneNode, view: MessageView, arrival: Arrival): Exit | undefined {
    if (this.#byUdp) return this.#parts.exits.choose(node, Transport.UDP);
    return this.#parts.exits.choose(node, this.#chooser.transport ?? this.#transportTo(node, view, arrival));
  }

  /** Does the node want less new work (RFC 7339)? Emergencies and what has a priority go all the same (OC-3). */
  #sheds(view: MessageView, peer: Peer): boolean {
    const { overload, core } = this.#parts;
    if (overload === undefined || !overload.sheds(peer, core.clock.now())) return false;
    if (view.inDialog || view.method === Method.ACK || view.method === Method.CANCEL) return false;
    return view.uri.scheme !== Scheme.URN_SERVICE && view.header(HeaderKind.RESOURCE_PRIORITY) < 0;
  }

  /**
   * Clients on a connection of theirs or behind a NAT are reached by their flow only: the registrar is told by Path, if the client has Path
   * too and comes straight to us (RFC 3327 5.1, RFC 5626 5.1). Others would be refused by strict registrars.
   */
  #path(view: MessageView, { connection, listener, peer }: Arrival): void {
    const { decision } = this;
    if (view.method !== Method.REGISTER || !decision.fromOutside) return;
    if (view.topVia.nextValue >= 0 || view.next(view.header(HeaderKind.VIA)) >= 0 || !supports(view, PATH)) return;
    const { flows } = this.#parts.memory;
    const outbound = supports(view, OUTBOUND);
    if (connection !== undefined) decision.pathFlow = flows.ofConnection(connection, true);
    else if (outbound || this.#isNatted(view, peer)) decision.pathFlow = flows.ofPeer(peer, listener.index, true);
    decision.outbound = outbound && decision.pathFlow !== undefined;
  }

  /** Scanners; with a single leg nodes are not looked at. */
  #blocked(view: MessageView, { peer }: Arrival): boolean {
    const { blocked, forbidsBlocked } = this.#parts;
    if (blocked === undefined || peer.node !== undefined || !blocked.has(view)) return false;
    if (forbidsBlocked === true) this.decision.rejectWith(Reject.BLOCKED);
    else this.decision.dropFor(Drop.BLOCKED);
    return true;
  }

  /** With a single leg: does a packet come from a node, by its source, or by a Via that names the node's endpoint on that host? */
  #isNode({ bytes, topVia }: MessageView, peer: Peer): boolean {
    if (peer.node !== undefined || this.#parts.extraServers?.has(peer.key) === true) return true;
    const named = this.#parts.peers.find(bytes, topVia.hostStart, topVia.hostEnd, viaPort(topVia));
    return named?.node !== undefined && named.host === peer.host;
  }

  /** The same transport as it came by unless the policy says another, but TCP for what is too long for UDP. */
  #transportTo(node: PlaneNode, view: MessageView, arrival: Arrival): Transport {
    const { policy } = this.#parts.exits;
    const transport = policy.wanted(arrival.listener.transport);
    if (transport !== Transport.UDP || policy.forced || view.end - view.start + GROWTH <= UDP_LIMIT) return transport;
    return this.#parts.exits.choose(node, Transport.TCP)?.transport ?? transport;
  }

  /**
   * A Route for the node is put on top only where the request itself would lead the node elsewhere: it names a node that is gone, or
   * another hop comes before the Request-URI. Otherwise sending there is enough, and the request stays as it came.
   */
  #pushOver(view: MessageView, target: Peer): void {
    const { decision, routes } = this;
    const { exits, peers } = this.#parts;
    const { origin, failedOver } = this.#chooser;
    if (routes.hasTop) {
      const { top } = routes;
      const named = peers.find(view.bytes, top.hostStart, top.hostEnd, portOf(top));
      if (named?.key === target.key) return;
      decision.pushRoute = true;
      decision.dropTopRoute = named !== undefined && origin !== undefined && exits.isAt(origin.id, named);
      return;
    }
    if (!failedOver || decision.rewriteUri) return;
    const { uri } = view;
    const named = uri.hostStart < 0 ? undefined : peers.find(view.bytes, uri.hostStart, uri.hostEnd, portOf(uri));
    decision.pushRoute = named?.key !== target.key;
  }
}

function isHeartbeat(view: MessageView, arrival: Arrival): boolean {
  if (arrival.listener.leg !== 'internal' || view.header(HeaderKind.HEARTBEAT) < 0) return false;
  return view.method === Method.OPTIONS || view.method === Method.INFO;
}
