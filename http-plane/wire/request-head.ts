import { fieldsNamedByConnection, isNamedAway } from './connection-tokens';
import { Kind } from './field-kinds';
import { Option, type HeadParser } from './head-parser';
import type { HeadWriter } from './head-writer';
import { Body, type RequestView } from './request-view';

/** What the plane says of itself and of the client; made once per client connection. */
export interface RequestStamp {
  /** `X-Forwarded-For: …` and `X-Forwarded-Proto: …`, with line ends. */
  readonly forwarded: string;
  /** Pseudonym in Via. */
  readonly via: string;
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
  const origin = view.target.length === head.targetEnd - head.targetStart && head.minor === 1;
  if (origin) out.bytes(buffer, start, head.lineEnd);
  else out.text(`${view.method} ${view.target} HTTP/1.1\r\nHost: ${view.host}\r\n`);
  copyFields(out, { head, buffer, view, withHost: origin, traced: traceparent !== '' });
  out.text(stamp.forwarded);
  if (view.host !== '') out.text(`X-Forwarded-Host: ${view.host}\r\n`);
  writeVia(out, head, buffer, `1.${view.minor} ${stamp.via}\r\n`);
  if (view.body === Body.CHUNKED) out.text('Transfer-Encoding: chunked\r\n');
  if (view.maxForwards > 0) out.text(`Max-Forwards: ${view.maxForwards - 1}\r\n`);
  if (traceparent !== '') out.text(`traceparent: ${traceparent}\r\n`);
  if (view.webSocketKey !== '') out.text('Connection: Upgrade\r\nUpgrade: websocket\r\n');
  else if (view.acceptsTrailers) out.text('TE: trailers\r\nConnection: TE\r\n');
  out.text('\r\n');
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
  readonly withHost: boolean;
  /** We write `traceparent` ourselves. */
  readonly traced: boolean;
}

/** Copies whole runs of fields that go on. */
function copyFields(out: HeadWriter, { head, buffer, view, withHost, traced }: CopyOptions): void {
  const named = (head.connection & Option.OTHER) === 0 ? undefined : fieldsNamedByConnection(head, buffer);
  let runStart = -1;
  for (let i = 0; i < head.count; i += 1) {
    const kind = head.kinds[i] as number;
    let passes = PASSES[kind] === 1;
    if (kind === Kind.HOST) passes = withHost;
    else if (kind === Kind.TRACEPARENT) passes = !traced;
    else if (kind === Kind.MAX_FORWARDS) passes = view.maxForwards <= 0;
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

/** One Via line: the hops so far, then ours. */
export function writeVia(out: HeadWriter, head: HeadParser, buffer: Buffer, own: string): void {
  out.text('Via: ');
  if (head.firsts[Kind.VIA] !== -1) {
    for (let i = 0; i < head.count; i += 1) {
      if (head.kinds[i] !== Kind.VIA) continue;
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
