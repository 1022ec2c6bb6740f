import { forwardedElement } from '../forward';
import { fieldsNamedByConnection, isNamedAway } from './connection-tokens';
import { Kind } from './field-kinds';
import { Option, type HeadParser } from './head-parser';
import type { HeadWriter } from './head-writer';
import { Body, type RequestView } from './request-view';

/** What the plane says of itself and of the client; made once per client connection. */
export interface RequestStamp {
  /** Address of the client. */
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** What the client says of those before it is believed. */
  readonly trusted: boolean;
  /** Pseudonym in Via. */
  readonly via: string;
  /** Says it in Forwarded, too. */
  readonly forwarded: boolean;
  /** X-Forwarded-For, X-Forwarded-Proto and Via as most requests get them: HTTP/1.1 of a client that is not believed, no hop before. */
  readonly usual: Buffer;
}

const X_HOST = Buffer.from('X-Forwarded-Host: ');

/** The stamp for requests of one client. */
export function stampOf(client: Omit<RequestStamp, 'usual'>): RequestStamp {
  const { address, proto, via } = client;
  const usual = `X-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${proto}\r\nVia: 1.1 ${via}\r\n`;
  return { ...client, usual: Buffer.from(usual, 'latin1') };
}

/** What happens to a request's field by kind: 1 it goes on as it came, 0 it ends here (and may be written anew). */
const PASSES = passing([
  Kind.OTHER,
  Kind.HOST,
  Kind.CONTENT_LENGTH,
  Kind.COOKIE,
  Kind.EXPECT,
  Kind.WS_KEY,
  Kind.WS_VERSION,
  Kind.WS_ACCEPT,
]);

/**
 * Writes a request's head for the node: origin-form line, Host, the fields that go on in number, order and spelling as they came,
 * then our own (after the removal, so that Connection cannot name them away).
 */
export function writeRequestHead(
  out: HeadWriter,
  { head, buffer, start, view, stamp, traceparent }: RequestSource,
): void {
  const origin = view.asCame;
  if (origin) out.bytes(buffer, start, head.lineEnd);
  else out.text(`${view.method} ${view.target} HTTP/1.1\r\nHost: ${view.host}\r\n`);
  const { trusted, forwarded } = stamp;
  copyFields(out, {
    head,
    buffer,
    view,
    trusted,
    keepsForwarded: trusted && !forwarded,
    withHost: origin,
    traced: traceparent !== '',
  });
  if (!trusted && view.minor === 1 && head.firsts[Kind.VIA] === -1) out.copy(stamp.usual);
  else {
    writeForwarded(out, { head, buffer, view, stamp });
    writeChain(out, { head, buffer, kind: Kind.VIA, name: 'Via: ', own: `1.${view.minor} ${stamp.via}\r\n` });
  }
  writeForwardedHost(out, { head, buffer, view, stamp }, origin);
  if (forwarded) writeElement(out, { head, buffer, view, stamp });
  if (view.body === Body.CHUNKED) out.text('Transfer-Encoding: chunked\r\n');
  if (view.maxForwards > 0) out.text(`Max-Forwards: ${view.maxForwards - 1}\r\n`);
  if (traceparent !== '') out.text(`traceparent: ${traceparent}\r\n`);
  if (view.webSocketKey !== '') out.text('Connection: Upgrade\r\nUpgrade: websocket\r\n');
  else if (view.acceptsTrailers) out.text('TE: trailers\r\nConnection: TE\r\n');
  out.lineEnd();
}

export interface RequestSource {
  readonly head: HeadParser;
  readonly buffer: Buffer;
  readonly start: number;
  readonly view: RequestView;
  readonly stamp: RequestStamp;
  /** Of our own span; '': the caller's goes on. */
  readonly traceparent: string;
}

interface CopyOptions {
  readonly head: HeadParser;
  readonly buffer: Buffer;
  readonly view: RequestView;
  readonly trusted: boolean;
  /** Forwarded goes on as it came. */
  readonly keepsForwarded: boolean;
  readonly withHost: boolean;
  /** We write `traceparent` ourselves. */
  readonly traced: boolean;
}

/** Copies whole runs of fields that go on. */
function copyFields(out: HeadWriter, options: CopyOptions): void {
  const { head, buffer, view, trusted, keepsForwarded, withHost, traced } = options;
  const named = (head.connection & Option.OTHER) === 0 ? undefined : fieldsNamedByConnection(head, buffer);
  let runStart = -1;
  for (let i = 0; i < head.count; i += 1) {
    const kind = head.kinds[i] as number;
    let passes = PASSES[kind] === 1;
    if (kind === Kind.HOST) passes = withHost;
    else if (kind === Kind.TRACEPARENT) passes = !traced;
    else if (kind === Kind.MAX_FORWARDS) passes = view.maxForwards <= 0;
    else if (kind === Kind.X_PROTO || kind === Kind.X_HOST || kind === Kind.X_PORT) passes = trusted;
    else if (kind === Kind.FORWARDED) passes = keepsForwarded;
    else if (kind === Kind.TRAILER) passes = view.body === Body.CHUNKED;
    if (passes && named !== undefined && isNamedAway(named, { head, buffer, index: i })) passes = false;
    if (passes) {
      if (runStart === -1) runStart = head.nameStarts[i] as number;
    } else if (runStart !== -1) {
      out.bytes(buffer, runStart, head.nameStarts[i] as number);
      runStart = -1;
    }
  }
  if (runStart !== -1) out.bytes(buffer, runStart, head.fieldEnds[head.count - 1] as number);
}

type ForwardedSource = Pick<RequestSource, 'head' | 'buffer' | 'view' | 'stamp'>;

/** X-Forwarded-For and -Proto: ours alone, or behind a trusted client its own continued. */
function writeForwarded(out: HeadWriter, { head, buffer, stamp }: ForwardedSource): void {
  const own = `${stamp.address}\r\n`;
  if (stamp.trusted) writeChain(out, { head, buffer, kind: Kind.X_FOR, name: 'X-Forwarded-For: ', own });
  else out.text(`X-Forwarded-For: ${own}`);
  if (!stamp.trusted || head.firsts[Kind.X_PROTO] === -1) out.text(`X-Forwarded-Proto: ${stamp.proto}\r\n`);
}

/** `fromField`: the host is that of the Host field. */
function writeForwardedHost(out: HeadWriter, { head, buffer, view, stamp }: ForwardedSource, fromField: boolean): void {
  if (view.host === '' || (stamp.trusted && head.firsts[Kind.X_HOST] !== -1)) return;
  const index = head.firsts[Kind.HOST] as number;
  out.copy(X_HOST);
  if (fromField) out.bytes(buffer, head.valueStarts[index] as number, head.valueEnds[index] as number);
  else out.text(view.host);
  out.lineEnd();
}

/** Forwarded: our element alone, or behind those that a trusted client sent. */
function writeElement(out: HeadWriter, { head, buffer, view, stamp }: ForwardedSource): void {
  const own = `${forwardedElement(stamp.address, stamp.proto, view.host)}\r\n`;
  if (stamp.trusted) writeChain(out, { head, buffer, kind: Kind.FORWARDED, name: 'Forwarded: ', own });
  else out.text(`Forwarded: ${own}`);
}

export interface ChainSource {
  readonly head: HeadParser;
  readonly buffer: Buffer;
  readonly kind: number;
  /** With colon and space. */
  readonly name: string;
  /** With the line's end. */
  readonly own: string;
}

/** One line of a field that grows from hop to hop: what came so far, then ours. */
export function writeChain(out: HeadWriter, { head, buffer, kind, name, own }: ChainSource): void {
  out.text(name);
  if (head.firsts[kind] !== -1) {
    for (let i = 0; i < head.count; i += 1) {
      if (head.kinds[i] !== kind) continue;
      out.bytes(buffer, head.valueStarts[i] as number, head.valueEnds[i] as number);
      out.text(', ');
    }
  }
  out.text(own);
}

/** A table by kind: 1 for those of the list. */
export function passing(kinds: readonly number[]): Uint8Array {
  const passes = new Uint8Array(32);
  for (const kind of kinds) passes[kind] = 1;
  return passes;
}
