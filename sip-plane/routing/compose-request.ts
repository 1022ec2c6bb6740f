import { Transport } from '../../proto';
import type { HintBook } from '../affinity';
import { HeaderKind, Method, Scheme, wire, type Edits, type MessageView, type UriView } from '../message';
import { uriTransport, type Listener, type Peer } from '../transport';
import type { Arrival } from './arrival';
import type { ContactPatch } from './contact-patch';
import type { Decision } from './decision';
import type { RouteSet } from './route-set';
import { stampVia } from './stamp-via';
import { stripOverload } from './strip-overload';
import type { Transaction } from './transaction';

const CRLF = wire('\r\n');
const MAX_FORWARDS = wire('Max-Forwards: 70\r\n');
const CONTENT_LENGTH = wire('Content-Length: ');
const ROUTE = wire('Route: <sip:');
const LOOSE = wire(';lr>\r\n');
/** UDP is what a URI means that names none. */
const TRANSPORTS: ReadonlyMap<Transport, Buffer> = new Map(
  [Transport.TCP, Transport.TLS, Transport.WS, Transport.WSS].map((transport) => [
    transport,
    wire(`;transport=${uriTransport(transport)}`),
  ]),
);
const MADDR = wire(';maddr=');
const TRANSPORT = wire(';transport=');
const PATH = wire('Path: <sip:');
const OUTBOUND = wire(';ob');
const END_OF_RECORD_ROUTE = wire('>\r\n');
const ROUTE_LAST = wire('Route: <');

/** What a decision needs to be written down. */
export interface Composition {
  readonly view: MessageView;
  readonly arrival: Arrival;
  readonly decision: Decision;
  readonly routes: RouteSet;
  readonly transaction: Transaction;
  /** Needed by decisions that patch Contact. */
  readonly contacts?: ContactPatch | undefined;
}

/** Turns a decided request into splices. All that is new stands right after the start line; the rest stays where and as it was. */
export function composeRequest(edits: Edits, parts: Composition, hints: HintBook): void {
  const { view, arrival, decision, transaction } = parts;
  const listener = decision.exit as Listener;
  const exit = decision.directExit ? listener.direct : listener;
  edits.reset();
  edits.begin(view.headersStart);
  edits.text(exit.viaPrefix);
  const node = decision.towardNode ? decision.node : undefined;
  transaction.writeVia(edits, node?.hash, arrival.listener.index, arrival.connection?.id ?? 0);
  if (decision.recordRoute) recordRoutes(edits, parts, hints);
  if (decision.pathFlow !== undefined) {
    const named = arrival.connection === undefined ? listener.instance : listener.direct;
    path(edits, named, decision.pathFlow, decision.outbound);
  }
  if (decision.pushRoute) pushRoute(edits, decision);
  if (decision.fromOutside) originHeaders(edits, view, arrival.peer);
  if (view.maxForwards < 0 && view.header(HeaderKind.MAX_FORWARDS) < 0) edits.text(MAX_FORWARDS);
  if (exit.transport !== Transport.UDP && view.contentLength < 0) contentLength(edits, view);
  if (decision.strictNext || decision.strictRescue) strict(edits, parts);
  if (decision.rewriteUri) rewriteUri(edits, view, decision.target as Peer);
  if (decision.stripMaddr) stripMaddr(edits, view.uri, decision.rewriteUri);
  // Who comes by WebSocket is answered on it; where the web server stands is nobody's business (RFC 7118 5.3).
  if (!arrival.listener.webSocket) stampVia(edits, view, arrival.peer);
  if (view.topVia.overload) stripOverload(edits, view.bytes, view.topVia);
  countDown(edits, view);
  removeOwnRoutes(edits, parts);
  removeForeignOrigin(edits, view);
  if (decision.patchContact) parts.contacts?.apply(edits, view, exit);
}

/** One Record-Route when one listener carries both sides, else a pair, the downstream one on top (RFC 5658). */
function recordRoutes(edits: Edits, { view, routes, arrival, decision }: Composition, hints: HintBook): void {
  const exit = decision.exit as Listener;
  const entry = arrival.listener;
  const { node } = decision;
  const hint = node === undefined ? undefined : hints.param(node);
  // RFC 3261 16.6.4; where TLS ends at one of our sides, the other says sip.
  const secure = view.uri.scheme === Scheme.SIPS || (routes.hasTop && routes.top.scheme === Scheme.SIPS);
  // Only those outside are reached by flows of theirs; nodes listen.
  const { outFlow: out, backFlow: back } = decision;
  const reach = reachOf(arrival, decision);
  const named = namedTo(exit, reach, decision.directExit);
  // One listener for both sides, as a single leg has, names whichever is outside.
  const legacy = decision.legacyHint;
  recordRoute(edits, { listener: named, hint, legacy, flow: exit === entry ? (out ?? back) : out, secure });
  if (exit === entry) return;
  const behind = namedTo(entry, reach, decision.directEntry);
  recordRoute(edits, { listener: behind, hint, legacy, flow: back, secure });
}

/** Who must get the requests of the other side: anybody, this instance, this process of it. */
const Reach = { ALL: 0, INSTANCE: 1, PROCESS: 2 } as const;

/** A connection is reached through its process only; what came by UDP through any worker of the instance, whatever stands before several of them. */
function reachOf({ connection }: Arrival, decision: Decision): number {
  if (decision.outFlow === undefined && decision.backFlow === undefined) return Reach.ALL;
  if (decision.connection !== undefined || (decision.fromOutside && connection !== undefined)) return Reach.PROCESS;
  return Reach.INSTANCE;
}

/** The listener as it is to be named: outside, what stands before us is passed by `direct` peers only. */
function namedTo(listener: Listener, reach: number, direct: boolean): Listener {
  if (!direct && (reach === Reach.ALL || listener.leg === 'external')) return listener;
  return reach === Reach.PROCESS ? listener.direct : listener.instance;
}

interface OwnRoute {
  readonly listener: Listener;
  readonly hint: Buffer | undefined;
  /** The predecessor's hint. */
  readonly legacy: Buffer | undefined;
  /** `token@` of the flow that requests from the other side must take. */
  readonly flow: Buffer | undefined;
  /** For a `sips` URI. */
  readonly secure: boolean;
}

function recordRoute(edits: Edits, { listener, hint, legacy, flow, secure }: OwnRoute): void {
  edits.text(secure ? listener.secureRecordRoutePrefix : listener.recordRoutePrefix);
  if (flow !== undefined) edits.text(flow);
  edits.text(secure ? listener.secureRecordRouteUri : listener.recordRouteUri);
  if (hint !== undefined) edits.text(hint);
  if (legacy !== undefined) edits.text(legacy);
  edits.text(END_OF_RECORD_ROUTE);
}

/** Our own address as the node sees it, and the flow as its user part (RFC 3327, RFC 5626 5.1). */
function path(edits: Edits, exit: Listener, flow: Buffer, outbound: boolean): void {
  edits.text(PATH);
  edits.text(flow);
  edits.text(exit.recordRouteUri);
  if (outbound) edits.text(OUTBOUND);
  edits.text(END_OF_RECORD_ROUTE);
}

function pushRoute(edits: Edits, decision: Decision): void {
  const target = decision.target as Peer;
  edits.text(ROUTE);
  edits.text(target.hostPortBytes);
  const transport = decision.exit === undefined ? undefined : TRANSPORTS.get(decision.exit.transport);
  if (transport !== undefined) edits.text(transport);
  edits.text(LOOSE);
}

/** Guides 1.9: every REGISTER and every request with content says where it came from. */
function originHeaders(edits: Edits, view: MessageView, peer: Peer): void {
  if (view.method === Method.REGISTER || view.hasBody) edits.text(peer.originHeaders);
}

function contentLength(edits: Edits, view: MessageView): void {
  edits.text(CONTENT_LENGTH);
  edits.number(view.end - view.bodyStart);
  edits.text(CRLF);
}

function rewriteUri(edits: Edits, view: MessageView, target: Peer): void {
  const { uri } = view;
  edits.begin(uri.hostPortStart, uri.hostPortEnd - uri.hostPortStart);
  edits.text(target.hostPortBytes);
}

/** Takes maddr, and what else only named our listener, out of the Request-URI (RFC 3261 16.4); `rewritten`: its host and port are changed already. */
function stripMaddr(edits: Edits, uri: UriView, rewritten: boolean): void {
  const maddrAt = uri.maddrStart - MADDR.length;
  edits.begin(maddrAt, uri.maddrEnd - maddrAt);
  if (uri.transportStart >= 0) {
    const at = uri.transportStart - TRANSPORT.length;
    edits.begin(at, uri.transportEnd - at);
  }
  if (rewritten || uri.port < 0 || uri.port === (uri.scheme === Scheme.SIPS ? 5061 : 5060)) return;
  const bracket = uri.hostStart > uri.hostPortStart ? 1 : 0;
  edits.begin(uri.hostEnd + bracket, uri.hostPortEnd - uri.hostEnd - bracket);
}

/** Max-Forwards one less; a useless value becomes 70. */
function countDown(edits: Edits, view: MessageView): void {
  const index = view.header(HeaderKind.MAX_FORWARDS);
  if (index < 0) return;
  const start = view.valueStart(index);
  edits.begin(start, view.valueEnd(index) - start);
  edits.number(view.maxForwards < 0 ? 70 : view.maxForwards - 1);
}

/** Removes our own values at the front, and with `dropTopRoute` the first one after them. */
function removeOwnRoutes(edits: Edits, { view, routes, decision }: Composition): void {
  const dropTop = (decision.dropTopRoute || decision.strictNext) && routes.hasTop;
  if (routes.ownCount === 0 && !dropTop) return;
  let index = view.header(HeaderKind.ROUTE);
  while (index >= 0 && index !== routes.topIndex && index !== lastLine(decision, routes)) {
    edits.begin(view.lineStart(index), view.lineEnd(index) - view.lineStart(index));
    index = view.next(index);
  }
  if (index < 0 || index !== routes.topIndex) return;
  const start = view.valueStart(index);
  if (!dropTop) {
    if (routes.topStart > start) edits.begin(start, routes.topStart - start);
  } else if (routes.topEnd >= view.valueEnd(index)) {
    edits.begin(view.lineStart(index), view.lineEnd(index) - view.lineStart(index));
  } else edits.begin(start, routes.topEnd + 1 - start);
}

/** The line that `strict` removes or shortens by itself. */
function lastLine(decision: Decision, routes: RouteSet): number {
  return decision.strictRescue ? routes.lastIndex : -1;
}

/** RFC 3261 16.4 (what a strict router did to us) and 16.6.6 (what a strict router needs from us). */
function strict(edits: Edits, { view, routes, decision }: Composition): void {
  const { uri, bytes } = view;
  if (decision.strictRescue) {
    edits.begin(uri.start, uri.end - uri.start);
    edits.copy(bytes, routes.lastUriStart, routes.lastUriEnd);
    const index = routes.lastIndex;
    const first = view.valueStart(index);
    // Its own line goes whole; otherwise what stands before it stays, without the comma.
    const keep = routes.hasTop && routes.topIndex === index && routes.lastStart > first;
    if (keep) {
      let comma = routes.lastStart;
      while (bytes[comma] !== 44) comma -= 1;
      edits.begin(comma, view.valueEnd(index) - comma);
    } else edits.begin(view.lineStart(index), view.lineEnd(index) - view.lineStart(index));
    return;
  }
  const last = lastRoute(view);
  edits.begin(view.lineEnd(last));
  edits.text(ROUTE_LAST);
  edits.copy(bytes, uri.start, uri.end);
  edits.text(END_OF_RECORD_ROUTE);
  edits.begin(uri.start, uri.end - uri.start);
  edits.copy(bytes, routes.top.start, routes.top.end);
}

function lastRoute(view: MessageView): number {
  let last = view.header(HeaderKind.ROUTE);
  for (let index = last; index >= 0; index = view.next(index)) last = index;
  return last;
}

/** Copies of our origin headers that somebody else wrote would be believed by the nodes. */
function removeForeignOrigin(edits: Edits, view: MessageView): void {
  for (let i = view.header(HeaderKind.INITIAL_REMOTE); i >= 0; i = view.next(i)) {
    edits.begin(view.lineStart(i), view.lineEnd(i) - view.lineStart(i));
  }
}
