import { fieldsNamedByConnection, isNamedAway } from './connection-tokens';
import { Fault } from './faults';
import { Kind } from './field-kinds';
import { Coding, Option, type HeadParser } from './head-parser';
import type { HeadWriter } from './head-writer';
import { passing, writeChain } from './request-head';
import { Body } from './request-view';

/** How an answer's body is delimited, or a fault (RFC 9112 6.3). `toHead`: the request was HEAD. */
export function responseBody(head: HeadParser, toHead: boolean): number {
  if (head.contentLength === -2) return Fault.LENGTH;
  if (head.transferEncoding !== Coding.NONE && head.contentLength !== -1) return Fault.TWO_FRAMINGS;
  if (head.transferEncoding === Coding.UNKNOWN) return Fault.CODING;
  if (head.transferEncoding === Coding.CHUNKED && head.minor === 0) return Fault.CODING_IN_HTTP10;
  if (toHead || head.status === 204 || head.status === 304 || head.status < 200) return Body.NONE;
  if (head.transferEncoding === Coding.CHUNKED) return Body.CHUNKED;
  if (head.contentLength === -1) return Body.UNTIL_CLOSE;
  return head.contentLength === 0 ? Body.NONE : Body.LENGTH;
}

/** How the plane signs answers. */
export interface ViaMark {
  readonly pseudonym: string;
  /** The whole line for an answer of HTTP/1.1 that came through no other hop. */
  readonly line: Buffer;
}

export interface ResponseSource {
  readonly head: HeadParser;
  readonly buffer: Buffer;
  readonly start: number;
  readonly via: ViaMark;
  /** Content-Length goes on: the body is delimited by it, or there is none by nature (HEAD, 304). */
  readonly withLength: boolean;
  /** The client gets the body in chunks. */
  readonly chunked: boolean;
  /** Lines of the plane for this hop (`Connection: …`), with line ends. */
  readonly hop: string;
}

const PASSES = passing([
  Kind.OTHER,
  Kind.COOKIE,
  Kind.EXPECT,
  Kind.HOST,
  Kind.WS_KEY,
  Kind.WS_VERSION,
  Kind.WS_ACCEPT,
  Kind.FORWARDED,
  Kind.X_FOR,
  Kind.X_PROTO,
  Kind.X_HOST,
  Kind.X_PORT,
  Kind.TRACEPARENT,
  Kind.MAX_FORWARDS,
]);

/** Writes an answer's head for the client: version 1.1, the node's status and reason, the fields that go on, then ours. */
export function writeResponseHead(out: HeadWriter, source: ResponseSource): void {
  const { head, buffer, start } = source;
  if (head.minor === 1) out.bytes(buffer, start, head.lineEnd);
  else {
    out.text('HTTP/1.1');
    out.bytes(buffer, start + 8, head.lineEnd);
  }
  copyFields(out, source);
  if (head.minor === 1 && head.firsts[Kind.VIA] === -1) out.copy(source.via.line);
  else
    writeChain(out, {
      head,
      buffer,
      kind: Kind.VIA,
      name: 'Via: ',
      own: `1.${head.minor} ${source.via.pseudonym}\r\n`,
    });
  if (source.chunked) out.text('Transfer-Encoding: chunked\r\n');
  out.text(source.hop);
  out.lineEnd();
}

function copyFields(out: HeadWriter, { head, buffer, withLength, chunked }: ResponseSource): void {
  const named = (head.connection & Option.OTHER) === 0 ? undefined : fieldsNamedByConnection(head, buffer);
  let runStart = -1;
  for (let i = 0; i < head.count; i += 1) {
    const kind = head.kinds[i] as number;
    let passes = PASSES[kind] === 1;
    if (kind === Kind.CONTENT_LENGTH) passes = withLength;
    // Trailer announces what only a chunked body can bring.
    else if (kind === Kind.TRAILER) passes = chunked;
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
