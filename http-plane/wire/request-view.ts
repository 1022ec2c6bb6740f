import type { RequestKeys } from '../routing';
import { Fault } from './faults';
import { Kind, isText } from './field-kinds';
import { Coding, Option, type HeadParser } from './head-parser';
import { ASTERISK, AUTHORITY, COLON, SLASH, latin1 } from './octets';

const NO_COOKIES: readonly string[] = [];
const KEY_CHARACTERS = 24;
const COMMON_METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const;

/** How a body is delimited. */
export const Body = { NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const;

/** What the plane must know of a request beyond its bytes; one per request. */
export interface RequestView extends RequestKeys {
  readonly method: string;
  /** Origin-form, or `*`. */
  readonly target: string;
  readonly cookies: readonly string[];
  /** The target stands in the request as it came, and Host too. */
  readonly asCame: boolean;
  /** Authority of the target, else Host; may be empty. */
  readonly host: string;
  readonly minor: number;
  readonly body: number;
  /** Octets of the body when it is delimited by length. */
  readonly length: number;
  /** The client lets its connection live on. */
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
  readonly acceptsTrailers: boolean;
  /** Sec-WebSocket-Key of a WebSocket handshake; '': an ordinary request. */
  readonly webSocketKey: string;
  readonly traceparent: string | undefined;
  /** Value of Max-Forwards of an OPTIONS request; -1: none. */
  readonly maxForwards: number;
}

/** Checks what a head means as a request (RFC 9110, 9112) and says what must be known of it, or the fault. */
export function viewRequest(head: HeadParser, buffer: Buffer, start: number, pseudonym: string): RequestView | number {
  const method = methodOf(buffer, start, head.methodEnd);
  if (method === 'CONNECT') return Fault.CONNECT;
  if (method === 'TRACE') return Fault.TRACE;
  const fault = framingFault(head) || hostFault(head, buffer);
  if (fault !== 0) return fault;
  const place = placeOf(head, buffer, method);
  if (typeof place === 'number') return place;
  const expect = expectation(head, buffer);
  if (expect < 0) return expect;
  if (head.firsts[Kind.VIA] !== -1 && cameThrough(head, buffer, pseudonym)) return Fault.LOOP;
  const webSocketKey = webSocketKeyOf(head, buffer, method);
  if (typeof webSocketKey === 'number') return webSocketKey;
  const options = head.connection;
  return {
    method,
    target: place.target,
    host: place.host,
    asCame: head.minor === 1 && place.target.length === head.targetEnd - head.targetStart,
    cookies: head.cookies === 0 ? NO_COOKIES : cookiesOf(head, buffer),
    minor: head.minor,
    body: head.transferEncoding === Coding.CHUNKED ? Body.CHUNKED : head.contentLength > 0 ? Body.LENGTH : Body.NONE,
    length: head.contentLength,
    keepAlive: (options & Option.CLOSE) === 0 && (head.minor === 1 || (options & Option.KEEP_ALIVE) !== 0),
    expectsContinue: expect === 1 && head.minor === 1,
    acceptsTrailers: head.firsts[Kind.TE] !== -1 && /(^|[\s,])trailers\s*(,|$)/i.test(valueOf(head, buffer, Kind.TE)),
    webSocketKey,
    traceparent: head.firsts[Kind.TRACEPARENT] === -1 ? undefined : valueOf(head, buffer, Kind.TRACEPARENT),
    maxForwards: method === 'OPTIONS' ? maxForwardsOf(head, buffer) : -1,
  };
}

/** The common ones without making a string. Methods are case-sensitive. */
function methodOf(buffer: Buffer, start: number, end: number): string {
  for (let i = 0; i < COMMON_METHODS.length; i += 1) {
    const method = COMMON_METHODS[i] as string;
    if (method.length === end - start && stands(method, buffer, start)) return method;
  }
  return latin1(buffer, start, end);
}

function stands(text: string, buffer: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (buffer[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The value of the first field of a kind, which must be there. */
export function valueOf(head: HeadParser, buffer: Buffer, kind: number): string {
  const index = head.firsts[kind] as number;
  return latin1(buffer, head.valueStarts[index], head.valueEnds[index]);
}

function framingFault(head: HeadParser): number {
  if (head.contentLength === -2) return Fault.LENGTH;
  if (head.transferEncoding === Coding.NONE) return 0;
  if (head.contentLength !== -1) return Fault.TWO_FRAMINGS;
  if (head.minor === 0) return Fault.CODING_IN_HTTP10;
  return head.transferEncoding === Coding.UNKNOWN ? Fault.CODING : 0;
}

function hostFault(head: HeadParser, buffer: Buffer): number {
  if (head.hosts > 1) return Fault.TWO_HOSTS;
  if (head.hosts === 0) return head.minor === 1 ? Fault.NO_HOST : 0;
  const index = head.firsts[Kind.HOST] as number;
  return isAuthority(buffer, head.valueStarts[index] as number, head.valueEnds[index] as number) ? 0 : Fault.HOST;
}

function isAuthority(buffer: Buffer, start: number, end: number): boolean {
  for (let pos = start; pos < end; pos += 1) if (AUTHORITY[buffer[pos] as number] !== 1) return false;
  return end === start || buffer[start] !== COLON;
}

function placeOf(head: HeadParser, buffer: Buffer, method: string): { target: string; host: string } | number {
  const start = head.targetStart;
  const end = head.targetEnd;
  if (buffer[start] === SLASH) {
    const host = head.hosts === 0 ? '' : valueOf(head, buffer, Kind.HOST);
    return { target: latin1(buffer, start, end), host };
  }
  if (buffer[start] === ASTERISK && end === start + 1 && method === 'OPTIONS') {
    return { target: '*', host: head.hosts === 0 ? '' : valueOf(head, buffer, Kind.HOST) };
  }
  return absolutePlace(buffer, start, end);
}

/** `http://authority/path?query`: routed and sent by its own authority (RFC 9112 3.2.2). */
function absolutePlace(buffer: Buffer, start: number, end: number): { target: string; host: string } | number {
  const prefix = isText(buffer, start, 'http://') ? 7 : isText(buffer, start, 'https://') ? 8 : 0;
  if (prefix === 0) return Fault.TARGET;
  let slash = start + prefix;
  while (slash < end && AUTHORITY[buffer[slash] as number] === 1) slash += 1;
  const host = latin1(buffer, start + prefix, slash);
  const rest = latin1(buffer, slash, end);
  if (host === '' || (rest !== '' && rest[0] !== '/' && rest[0] !== '?')) return Fault.TARGET;
  return { target: rest === '' || rest[0] === '?' ? `/${rest}` : rest, host };
}

/** 1: 100-continue; 0: nothing expected; below zero: the fault. */
function expectation(head: HeadParser, buffer: Buffer): number {
  if (head.firsts[Kind.EXPECT] === -1) return 0;
  return valueOf(head, buffer, Kind.EXPECT).toLowerCase() === '100-continue' ? 1 : Fault.EXPECTATION;
}

function cookiesOf(head: HeadParser, buffer: Buffer): readonly string[] {
  const cookies: string[] = [];
  for (let i = 0; i < head.count; i += 1) {
    if (head.kinds[i] === Kind.COOKIE) cookies.push(latin1(buffer, head.valueStarts[i], head.valueEnds[i]));
  }
  return cookies;
}

/** Our own pseudonym in Via: the request came round. */
function cameThrough(head: HeadParser, buffer: Buffer, pseudonym: string): boolean {
  for (let i = 0; i < head.count; i += 1) {
    if (head.kinds[i] !== Kind.VIA) continue;
    const value = latin1(buffer, head.valueStarts[i], head.valueEnds[i]);
    for (const hop of value.split(',')) if (hop.trim().split(/\s+/)[1] === pseudonym) return true;
  }
  return false;
}

/** The key of a WebSocket handshake (RFC 6455 4.2.1), '' for ordinary requests (also those with another Upgrade), or the fault. */
function webSocketKeyOf(head: HeadParser, buffer: Buffer, method: string): string | number {
  if (head.firsts[Kind.UPGRADE] === -1 || (head.connection & Option.UPGRADE) === 0 || head.minor === 0) return '';
  if (!/(^|,)\s*websocket\s*(,|$)/i.test(valueOf(head, buffer, Kind.UPGRADE))) return '';
  if (head.firsts[Kind.WS_KEY] === -1 || head.firsts[Kind.WS_VERSION] === -1) return Fault.UPGRADE;
  const key = valueOf(head, buffer, Kind.WS_KEY);
  const hasBody = head.contentLength > 0 || head.transferEncoding !== Coding.NONE;
  return method === 'GET' && !hasBody && key.length === KEY_CHARACTERS ? key : Fault.UPGRADE;
}

function maxForwardsOf(head: HeadParser, buffer: Buffer): number {
  if (head.firsts[Kind.MAX_FORWARDS] === -1) return -1;
  const value = valueOf(head, buffer, Kind.MAX_FORWARDS);
  return /^\d{1,9}$/.test(value) ? Number(value) : -1;
}
