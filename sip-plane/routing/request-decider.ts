import type { PlaneNode } from '../../data-plane';
import { Transport } from '../../proto';
import { ByteHash, HASH_CHARS } from '../affinity';
import {
  HeaderKind,
  Method,
  Reject,
  Scheme,
  ViaView,
  equalsBytes,
  wantsRecordRoute,
  wire,
  type MessageView,
  type UriView,
} from '../message';
import type { Listener, Peer } from '../transport';
import type { Arrival } from './arrival';
import { Action, Decision, Drop } from './decision';
import type { DeciderParts } from './decider-parts';
import { FLOW_CHARS, FlowKind, readFlow } from './flow';
import { namedTransport } from './named-transport';
import { NodeChooser } from './node-chooser';
import type { Exit } from './node-exits';
import { portOf } from './own-addresses';
import { supports } from './option-tags';
import { RouteSet } from './route-set';
import { Transaction, ownTagHash } from './transaction';

const PATH = wire('path');
const OUTBOUND = wire('outbound');
/** Marks the To tags of our own answers. */
export const OWN_TAG = wire('tp');
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
  readonly #via = new ViaView();
  readonly #tag = new ByteHash();
  readonly #tagText = Buffer.alloc(HASH_CHARS);

  constructor(parts: DeciderParts) {
    this.#parts = parts;
    this.#chooser = new NodeChooser(parts.core, parts.memory, parts.peers, parts.affinity);
  }

  /** @param nowMs the core's clock; whoever has many messages at once asks it once. */
  decide(view: MessageView, arrival: Arrival, nowMs = this.#parts.core.clock.now()): Decision {
    const { decision } = this;
    this.#chooser.nowMs = nowMs;
    decision.reset();
    if (view.reject !== Reject.NONE) decision.rejectWith(view.reject);
    else this.#valid(view, arrival);
    if (decision.action === Action.FORWARD) this.#naming(arrival);
    if (decision.action === Action.REJECT && view.method === Method.ACK) decision.dropFor(Drop.ACK);
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
    const forUs = own.ofUri(view.bytes, view.uri) !== undefined;
    decision.strictRescue = forUs && view.uri.loose && routes.findLast(view);
    if (!routes.read(view, own, decision.strictRescue)) return decision.rejectWith(Reject.ROUTE);
    if (forUs && !routes.hasTop && view.method === Method.OPTIONS && view.uri.userStart < 0) {
      decision.action = Action.ANSWER_OK;
      return;
    }
    if (view.method === Method.ACK && this.#isAckToUs(view)) return decision.dropFor(Drop.OWN_ACK);
    if (view.maxForwards === 0) return decision.rejectWith(Reject.MAX_FORWARDS);
    transaction.ofRequest(view, arrival.listener.index);
    if (this.#loops(view)) return decision.rejectWith(Reject.LOOP);
    if (view.header(HeaderKind.PROXY_REQUIRE) >= 0) return decision.rejectWith(Reject.PROXY_REQUIRE);
    decision.recordRoute = wantsRecordRoute(view.method);
    const balanced = forUs && !decision.strictRescue && !routes.hasTop;
    decision.fromOutside = arrival.listener.leg === 'external' && !(own.singleLeg && this.#isNode(view, arrival.peer));
    if (decision.fromOutside || balanced) this.#toNode(view, arrival, forUs);
    else this.#fromNode(view, arrival);
  }

  /** How we call ourselves to both sides. */
  #naming(arrival: Arrival): void {
    const { decision } = this;
    const { direct, contacts } = this.#parts;
    const { legacyHint } = this.#parts;
    if (legacyHint !== undefined && decision.recordRoute && decision.node !== undefined) {
      const inner = decision.towardNode ? decision.exit : arrival.listener;
      decision.legacyHint = legacyHint.params(decision.node, inner?.transport ?? arrival.listener.transport);
    }
    decision.patchContact = contacts !== undefined && !decision.fromOutside && !decision.towardNode;
    if (direct === undefined) return;
    decision.directEntry = direct.has(arrival.peer);
    decision.directExit = decision.target !== undefined && direct.has(decision.target);
  }

  /** Inwards: a node is chosen, and the request is sent there. From outside nothing goes anywhere else: we are no open relay. */
  #toNode(view: MessageView, arrival: Arrival, forUs: boolean): void {
    const { decision, routes, transaction } = this;
    const chooser = this.#chooser;
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

  #exitTo(node: PlaneNode, view: MessageView, arrival: Arrival): Exit | undefined {
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
   * Clients on a connection of theirs are reached by it only: the registrar is told by Path, if the client has Path too and comes straight
   * to us (RFC 3327 5.1, RFC 5626 5.1). Others would be refused by strict registrars.
   */
  #path(view: MessageView, { connection }: Arrival): void {
    const { decision } = this;
    if (view.method !== Method.REGISTER || connection === undefined || !decision.fromOutside) return;
    if (view.topVia.nextValue >= 0 || view.next(view.header(HeaderKind.VIA)) >= 0) return;
    decision.path = supports(view, PATH);
    decision.outbound = decision.path && supports(view, OUTBOUND);
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

  /** Outwards: the request of a node goes where its Route or Request-URI says. */
  #fromNode(view: MessageView, arrival: Arrival): void {
    const { decision, routes } = this;
    const source = this.#sourceNode(view, arrival);
    decision.node = source;
    decision.strictNext = routes.hasTop && !routes.top.loose && !decision.strictRescue;
    if ((routes.hasTop || !this.#flow(view)) && !this.#nextHop(view, arrival)) return;
    if (decision.target?.sendable !== true) return decision.rejectWith(Reject.DESTINATION);
    decision.action = Action.FORWARD;
    if (source !== undefined) this.#rememberSource(view, source);
  }

  #rememberSource(view: MessageView, source: PlaneNode): void {
    const { memory } = this.#parts;
    const { call } = this.transaction;
    const now = this.#chooser.nowMs;
    source.live.heardAtMs = now;
    if (view.method === Method.BYE) memory.calls.ended(call.hi, call.lo, now);
    else if (!view.inDialog && wantsRecordRoute(view.method)) memory.calls.routed(call.hi, call.lo, source, false, now);
  }

  #nextHop(view: MessageView, arrival: Arrival): boolean {
    const { decision, routes } = this;
    const { own, peers } = this.#parts;
    const uri = this.#nextUri(view);
    if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return this.#refuse(Reject.DESTINATION);
    if (decision.action === Action.REJECT) return false;
    const maddr = uri.maddrStart >= 0;
    const start = maddr ? uri.maddrStart : uri.hostStart;
    const end = maddr ? uri.maddrEnd : uri.hostEnd;
    const port = portOf(uri, view.bytes);
    decision.target = peers.ofBytes(view.bytes, start, end, port) ?? this.#resolved(view, start, end, port);
    if (decision.target === undefined) return false;
    const leg = decision.target.node !== undefined || this.#isSibling(view) ? 'internal' : 'external';
    const transport = this.#transportTowards(view, uri, arrival);
    const { family } = decision.target;
    decision.exit = own.find(leg, transport, family, routes.exit);
    // WebSocket has one name in URIs, with TLS and without.
    if (transport === Transport.WS) decision.exit ??= own.find(leg, Transport.WSS, family, routes.exit);
    return decision.exit === undefined ? this.#refuse(Reject.UNREACHABLE) : true;
  }

  #transportTowards(view: MessageView, uri: UriView, arrival: Arrival): Transport {
    const named = namedTransport(view, uri);
    if (uri.scheme === Scheme.SIPS)
      return named === Transport.WS || named === Transport.WSS ? Transport.WSS : Transport.TLS;
    return named ?? this.routes.exit?.transport ?? arrival.listener.transport;
  }

  /** Does the next Route name the connection of a client at another instance? Those are reached on the inside. */
  #isSibling({ bytes }: MessageView): boolean {
    const { hasTop, top } = this.routes;
    if (!hasTop || top.userStart < 0 || top.userEnd - top.userStart !== FLOW_CHARS) return false;
    return bytes[top.userStart] === FlowKind.REGISTERED && readFlow(bytes, top.userStart) > 0;
  }

  #nextUri(view: MessageView): UriView {
    const { decision, routes } = this;
    if (routes.hasTop) return routes.top;
    if (!decision.strictRescue) return view.uri;
    // The real Request-URI stands in the last Route value; ours is not needed any more.
    routes.top.parse(view.bytes, routes.lastUriStart, routes.lastUriEnd);
    return routes.top;
  }

  /** A host name: its address if it is known; else the request is parked (RESOLVE) or refused. */
  #resolved(view: MessageView, start: number, end: number, port: number): Peer | undefined {
    const { names, peers } = this.#parts;
    const name = view.text(start, end).toLowerCase();
    // What a browser calls itself leads nowhere but back on its own connection (RFC 7118 5, RFC 2606).
    if (name === 'invalid' || name.endsWith('.invalid')) {
      this.decision.rejectWith(Reject.NO_FLOW);
      return undefined;
    }
    const address = names.get(name);
    if (address !== undefined && address !== '') return peers.ofText(address, port);
    if (address === '') this.decision.rejectWith(Reject.DESTINATION);
    else {
      this.decision.action = Action.RESOLVE;
      this.decision.name = name;
    }
    return undefined;
  }

  #refuse(code: number): false {
    this.decision.rejectWith(code);
    return false;
  }

  /**
   * Takes the open connection that the flow in our own Route names. False: there is none. One that is gone ends the request when it was a
   * WebSocket, because nobody listens there (RFC 7118 5); other clients may be called anew.
   */
  #flow(view: MessageView): boolean {
    const { decision, routes } = this;
    const { own, connections } = this.#parts;
    for (let i = 0; i < routes.ownCount; i += 1) {
      const uri = routes.own[i] as UriView;
      if (uri.userEnd - uri.userStart !== FLOW_CHARS || uri.userStart < 0) continue;
      const id = readFlow(view.bytes, uri.userStart);
      const connection = id > 0 ? connections.byId(id) : undefined;
      if (connection?.listener.leg === 'external') {
        decision.connection = connection;
        decision.target = connection.peer;
        decision.exit = connection.listener;
        return true;
      }
      if (id <= 0) continue;
      const registered = view.bytes[uri.userStart] === FlowKind.REGISTERED;
      if (registered || own.ofUri(view.bytes, uri)?.webSocket === true) decision.rejectWith(Reject.FLOW_FAILED);
    }
    return false;
  }

  /** Who sent this: the guides' hint in Route, our own hint, the packet's source, or the address in its Via. */
  #sourceNode(view: MessageView, arrival: Arrival): PlaneNode | undefined {
    const { peers, memory, core } = this.#parts;
    const { bytes, topVia } = view;
    for (let i = 0; i < this.routes.ownCount; i += 1) {
      const uri = this.routes.own[i] as UriView;
      if (uri.nodeHostStart >= 0 && uri.nodePort > 0) {
        const named = peers.find(bytes, uri.nodeHostStart, uri.nodeHostEnd, uri.nodePort)?.node;
        if (named !== undefined) return named;
      }
    }
    const direct = arrival.peer.node ?? peers.find(bytes, topVia.hostStart, topVia.hostEnd, viaPort(topVia))?.node;
    if (direct !== undefined) return direct;
    for (let i = 0; i < this.routes.ownCount; i += 1) {
      const uri = this.routes.own[i] as UriView;
      const hint = memory.hints.read(bytes, uri.hintStart, uri.hintEnd);
      if (hint?.nodeId !== undefined) return core.table.get(hint.nodeId);
    }
    return undefined;
  }

  #isAckToUs(view: MessageView): boolean {
    const { bytes, to } = view;
    if (to.tagEnd - to.tagStart !== OWN_TAG.length + HASH_CHARS || to.tagStart < 0) return false;
    ownTagHash(this.#tag, view);
    this.#tag.write(this.#tagText, 0);
    const hashStart = to.tagStart + OWN_TAG.length;
    return (
      equalsBytes(bytes, to.tagStart, hashStart, OWN_TAG) && equalsBytes(bytes, hashStart, to.tagEnd, this.#tagText)
    );
  }

  /** Was the request here before, on the same way? Other ways are spirals and pass. */
  #loops(view: MessageView): boolean {
    const { own } = this.#parts;
    const { bytes } = view;
    const via = this.#via;
    let index = view.header(HeaderKind.VIA);
    let at = view.topVia.valueStart;
    // By far the most requests: one Via, and not of ours.
    if (view.topVia.loopStart < 0 && view.topVia.nextValue < 0 && view.next(index) < 0) return false;
    while (index >= 0) {
      if (!via.parse(bytes, at, view.valueEnd(index))) return false;
      const ours = via.loopStart >= 0 && own.at(bytes, via.hostStart, via.hostEnd, viaPort(via)) !== undefined;
      if (ours && this.transaction.looped(bytes, via)) return true;
      if (via.nextValue >= 0) at = via.nextValue;
      else {
        index = view.next(index);
        at = index < 0 ? -1 : view.valueStart(index);
      }
    }
    return false;
  }
}

/** The port of a Via's sent-by; when it has none, the one that its transport has by default. */
export function viaPort(via: ViaView, listener?: Listener): number {
  if (via.port > 0) return via.port;
  return listener?.secure === true ? 5061 : 5060;
}

function isHeartbeat(view: MessageView, arrival: Arrival): boolean {
  if (arrival.listener.leg !== 'internal' || view.header(HeaderKind.HEARTBEAT) < 0) return false;
  return view.method === Method.OPTIONS || view.method === Method.INFO;
}
