import type { Http2ServerRequest } from 'node:http2';
import type { OwnAnswer } from '../forward';
import type { RequestKeys } from '../routing';
import { HOP_FIELDS } from './hop-fields';

/** An HTTP/2 request as it goes on in HTTP/1.1. */
export interface CleanRequest extends RequestKeys {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly cookies: readonly string[];
  /** Fields that go on; repeated ones as lists. */
  readonly fields: Map<string, string | string[]>;
  readonly hasBody: boolean;
  readonly traceparent: string | undefined;
  readonly expectsContinue: boolean;
  readonly acceptsTrailers: boolean;
  /** An extended CONNECT for a WebSocket (RFC 8441); `method` is that of the handshake, GET. */
  readonly webSocket: boolean;
}

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[\x21-\x7e\x80-\xff]+$/;
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields that end here: of one hop, replaced by ours, or holes of the way to HTTP/1.1 (RFC 9113 8.2.2). */
const ENDS = new Set([
  ...HOP_FIELDS,
  'http2-settings',
  'expect',
  'host',
  'cookie',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
]);

/**
 * Checks a request that came by HTTP/2 for all that HTTP/1.1 could read in another way, and takes it apart; or says how to refuse.
 * `pseudonym`: ours in Via.
 */
export function cleanRequest(request: Http2ServerRequest, pseudonym: string): CleanRequest | OwnAnswer {
  const { headers } = request;
  const webSocket = request.method === 'CONNECT' && headers[':protocol'] === 'websocket';
  const method = webSocket ? 'GET' : request.method;
  if (method === 'CONNECT') return { status: 405, reason: 'connect', text: 'CONNECT is not served here' };
  if (method === 'TRACE') return { status: 405, reason: 'trace', text: 'TRACE is not served here' };
  const target = headers[':path'] ?? '';
  const host = headers[':authority'] ?? headers.host ?? '';
  const isPlace = target.startsWith('/') || (target === '*' && method === 'OPTIONS');
  if (!METHOD.test(method) || !isPlace || !TARGET.test(target)) return bad('target', 'expected a method and a path');
  if (!AUTHORITY.test(host)) return bad('host', 'expected a host and a port in :authority');
  if (headers.via?.split(',').some((hop) => hop.trim().split(/\s+/)[1] === pseudonym) === true) {
    return { status: 508, reason: 'loop', text: 'the request came through this proxy before' };
  }
  const fields = fieldsOf(request.rawHeaders);
  if (fields === undefined) return bad('fieldValue', 'expected no control characters in fields');
  const hasBody = !webSocket && !(request.stream as { endAfterHeaders?: boolean }).endAfterHeaders;
  frame(fields, method, hasBody);
  const acceptsTrailers = String(headers['te']).trim().toLowerCase() === 'trailers';
  // Of this hop, so anew (RFC 9110 10.1.4).
  if (acceptsTrailers && !webSocket) fields.set('te', 'trailers').set('connection', 'TE');
  const cookie = headers.cookie;
  if (cookie !== undefined) fields.set('cookie', cookie);
  return {
    method,
    target,
    host,
    cookies: cookie === undefined ? [] : [cookie],
    fields,
    hasBody,
    expectsContinue: hasBody && headers.expect?.toLowerCase() === '100-continue',
    acceptsTrailers,
    webSocket,
    traceparent: typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined,
  };
}

const bad = (reason: string, text: string): OwnAnswer => ({ status: 400, reason, text });

function fieldsOf(rawHeaders: readonly string[]): Map<string, string | string[]> | undefined {
  const fields = new Map<string, string | string[]>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    if (name.startsWith(':') || ENDS.has(name)) continue;
    if (!METHOD.test(name) || !VALUE.test(value)) return undefined;
    const known = fields.get(name);
    if (known === undefined) fields.set(name, value);
    else fields.set(name, [...(Array.isArray(known) ? known : [known]), value]);
  }
  return fields;
}

const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** How the body is framed towards the node, said outright: node:http and http-proxy would guess by method. */
function frame(fields: Map<string, string | string[]>, method: string, hasBody: boolean): void {
  if (!hasBody) {
    fields.delete('content-length');
    if (!WITHOUT_BODY.has(method)) fields.set('content-length', '0');
  } else if (!/^\d{1,15}$/.test(String(fields.get('content-length') ?? ''))) {
    fields.delete('content-length');
    fields.set('transfer-encoding', 'chunked');
  }
}
