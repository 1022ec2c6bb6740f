import type { PlaneNode } from '../../data-plane';
import { Transport } from '../../proto';
import { Method, Reject, Scheme, wantsRecordRoute, type MessageView, type UriView } from '../message';
import { targetFor, type Leg, type Listener, type Peer, type Question, type Target } from '../transport';
import type { Arrival } from './arrival';
import type { DeciderParts } from './decider-parts';
import { Action, type Decision } from './decision';
import type { Flow } from './flow-tokens';
import { namedTransport } from './named-transport';
import { portOf, viaPort } from './own-addresses';
import type { RouteSet } from './route-set';
import type { Transaction } from './transaction';

/** What the deciders of both directions work on. */
export interface Draft {
  readonly decision: Decision;
  readonly transaction: Transaction;
  readonly routes: RouteSet;
}

/** Where a URI's host stands, and which port it means. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly port: number;
  /** It is one host, not a domain with servers: its port was given. */
  readonly isHost: boolean;
}

/** Outwards: the request of a node goes where its Route or Request-URI says (RFC 3261 16.5, 16.6.7), or by the flow that our own Route names. */
export class OutwardDecider {
  readonly #parts: DeciderParts;
  readonly #draft: Draft;
  /** By which the request leaves. */
  #transport: Transport = Transport.UDP;

  constructor(parts: DeciderParts, draft: Draft) {
    this.#parts = parts;
    this.#draft = draft;
  }

  decide(view: MessageView, arrival: Arrival, nowMs: number): void {
    const { decision, routes } = this.#draft;
    const source = this.#sourceNode(view, arrival);
    decision.node = source;
    decision.strictNext = routes.hasTop && !routes.top.loose && !decision.strictRescue;
    if (!routes.hasTop) this.#flow(view);
    if (decision.action === Action.REJECT) return;
    if (!decision.byFlow && !this.#nextHop(view, arrival)) return;
    if (decision.target?.sendable !== true) return decision.rejectWith(Reject.DESTINATION);
    decision.action = Action.FORWARD;
    if (source !== undefined) this.#rememberSource(view, source, nowMs);
  }

  #rememberSource(view: MessageView, source: PlaneNode, nowMs: number): void {
    const { memory } = this.#parts;
    const { call } = this.#draft.transaction;
    source.live.heardAtMs = nowMs;
    if (view.method === Method.BYE) memory.calls.ended(call.hi, call.lo, nowMs);
    else if (!view.inDialog && wantsRecordRoute(view.method))
      memory.calls.routed(call.hi, call.lo, source, false, nowMs);
  }

  /** Takes the flow that our own Route names. One that is gone or forged ends the request. */
  #flow(view: MessageView): void {
    const { decision, routes } = this.#draft;
    const { own, memory } = this.#parts;
    for (let i = 0; i < routes.ownCount; i += 1) {
      const uri = routes.own[i] as UriView;
      if (uri.userStart < 0) continue;
      const flow = memory.flows.read(view.bytes, uri.userStart, uri.userEnd);
      if (flow === 'none') continue;
      if (flow === 'forged') return decision.rejectWith(Reject.FORGED_FLOW);
      if (flow.connectionId === 0 ? this.#byUdp(flow) : this.#byConnection(flow)) return;
      // Nobody listens at the other end of a WebSocket that is gone (RFC 7118 5); other callers may be called anew.
      if (flow.registered || own.ofUri(view.bytes, uri)?.webSocket === true) {
        return decision.rejectWith(Reject.FLOW_FAILED);
      }
    }
  }

  #byConnection(flow: Flow): boolean {
    const { decision } = this.#draft;
    const connection = flow.connectionId > 0 ? this.#parts.connections.byId(flow.connectionId) : undefined;
    if (connection?.listener.leg !== 'external') return false;
    decision.connection = connection;
    return this.#leave(connection.peer, connection.listener);
  }

  #byUdp(flow: Flow): boolean {
    const { own, peers } = this.#parts;
    const target = peers.ofText(flow.host, flow.port);
    const named = own.listeners[flow.listenerIndex];
    const fits = named?.transport === Transport.UDP && named.leg === 'external' && named.self.family === target.family;
    const exit = fits ? named : own.find('external', Transport.UDP, target.family);
    return exit !== undefined && this.#leave(target, exit);
  }

  #leave(target: Peer, exit: Listener): true {
    const { decision } = this.#draft;
    decision.byFlow = true;
    decision.target = target;
    decision.exit = exit;
    return true;
  }

  #nextHop(view: MessageView, arrival: Arrival): boolean {
    const { decision } = this.#draft;
    const { own, peers } = this.#parts;
    const uri = this.#nextUri(view);
    if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return this.#refuse(Reject.DESTINATION);
    const stripped = decision.stripMaddr && uri === view.uri;
    const maddr = uri.maddrStart >= 0 && !stripped;
    const start = maddr ? uri.maddrStart : uri.hostStart;
    const end = maddr ? uri.maddrEnd : uri.hostEnd;
    const port = stripped ? defaultPort(uri) : portOf(uri, view.bytes);
    this.#transport = stripped ? defaultTransport(uri) : this.#transportTowards(view, uri, arrival);
    const place = { start, end, port, isHost: maddr || (uri.port > 0 && !stripped) };
    decision.target = peers.ofBytes(view.bytes, start, end, port) ?? this.#resolved(view, uri, place);
    if (decision.target === undefined) return false;
    // What names us was taken off before; another name for us would send the request in circles (RFC 3261 16.3.4).
    if (own.has(decision.target)) return this.#refuse(Reject.LOOP);
    const leg = decision.target.node !== undefined || this.#isSibling(view) ? 'internal' : 'external';
    decision.exit = this.#exit(leg, this.#transport, decision.target.family);
    return decision.exit === undefined ? this.#refuse(Reject.UNREACHABLE) : true;
  }

  #exit(leg: Leg, transport: Transport, family: 4 | 6): Listener | undefined {
    const { exit } = this.#draft.routes;
    const { own } = this.#parts;
    const found = own.find(leg, transport, family, exit);
    // WebSocket has one name in URIs, with TLS and without.
    return found ?? (transport === Transport.WS ? own.find(leg, Transport.WSS, family, exit) : undefined);
  }

  #transportTowards(view: MessageView, uri: UriView, arrival: Arrival): Transport {
    const named = namedTransport(view, uri);
    if (uri.scheme === Scheme.SIPS)
      return named === Transport.WS || named === Transport.WSS ? Transport.WSS : Transport.TLS;
    return named ?? this.#draft.routes.exit?.transport ?? arrival.listener.transport;
  }

  /** Does the next Route name the flow of a client at another instance? Those are reached on the inside. */
  #isSibling({ bytes }: MessageView): boolean {
    const { hasTop, top } = this.#draft.routes;
    if (!hasTop || top.userStart < 0) return false;
    const flow = this.#parts.memory.flows.read(bytes, top.userStart, top.userEnd);
    return typeof flow !== 'string' && flow.registered;
  }

  #nextUri(view: MessageView): UriView {
    const { decision, routes } = this.#draft;
    if (routes.hasTop) return routes.top;
    if (!decision.strictRescue) return view.uri;
    // The real Request-URI stands in the last Route value; ours is not needed any more.
    routes.top.parse(view.bytes, routes.lastUriStart, routes.lastUriEnd);
    return routes.top;
  }

  /** A host name: a place that it leads to, if they are known (RFC 3263); else the request is parked (RESOLVE) or refused. */
  #resolved(view: MessageView, uri: UriView, { start, end, port, isHost }: Place): Peer | undefined {
    const { decision, transaction } = this.#draft;
    const { names, peers } = this.#parts;
    const name = view.text(start, end).toLowerCase();
    // What a browser calls itself leads nowhere but back on its own connection (RFC 7118 5, RFC 2606).
    if (name === 'invalid' || name.endsWith('.invalid')) {
      decision.rejectWith(Reject.NO_FLOW);
      return undefined;
    }
    const open = namedTransport(view, uri) === undefined && uri.scheme !== Scheme.SIPS;
    const about = isHost ? 'host' : open ? 'any' : 'service';
    const question: Question = { name, about, transport: this.#transport };
    const targets = names.get(question);
    if (targets === undefined) {
      decision.action = Action.RESOLVE;
      decision.question = question;
      return undefined;
    }
    const target = targetFor(targets, transaction.key.hi, (one) => this.#reaches(one));
    if (target === undefined) {
      decision.rejectWith(Reject.DESTINATION);
      return undefined;
    }
    this.#transport = target.transport ?? this.#transport;
    return peers.ofText(target.host, target.port > 0 ? target.port : port);
  }

  #reaches({ host, transport }: Target): boolean {
    return this.#exit('external', transport ?? this.#transport, host.includes(':') ? 6 : 4) !== undefined;
  }

  #refuse(code: number): false {
    this.#draft.decision.rejectWith(code);
    return false;
  }

  /** Who sent this: the guides' hint in Route, our own hint, the packet's source, or the address in its Via. */
  #sourceNode(view: MessageView, arrival: Arrival): PlaneNode | undefined {
    const { peers, memory, core } = this.#parts;
    const { routes } = this.#draft;
    const { bytes, topVia } = view;
    for (let i = 0; i < routes.ownCount; i += 1) {
      const uri = routes.own[i] as UriView;
      if (uri.nodeHostStart >= 0 && uri.nodePort > 0) {
        const named = peers.find(bytes, uri.nodeHostStart, uri.nodeHostEnd, uri.nodePort)?.node;
        if (named !== undefined) return named;
      }
    }
    const direct = arrival.peer.node ?? peers.find(bytes, topVia.hostStart, topVia.hostEnd, viaPort(topVia))?.node;
    if (direct !== undefined) return direct;
    for (let i = 0; i < routes.ownCount; i += 1) {
      const uri = routes.own[i] as UriView;
      const hint = memory.hints.read(bytes, uri.hintStart, uri.hintEnd);
      if (hint?.nodeId !== undefined) return core.table.get(hint.nodeId);
    }
    return undefined;
  }
}

const defaultPort = ({ scheme }: UriView): number => (scheme === Scheme.SIPS ? 5061 : 5060);

const defaultTransport = ({ scheme }: UriView): Transport => (scheme === Scheme.SIPS ? Transport.TLS : Transport.UDP);
