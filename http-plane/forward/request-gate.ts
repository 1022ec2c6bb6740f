import type { IncomingMessage } from 'node:http';
import { badRequest, CONNECT_REFUSED, type OwnAnswer } from './own-answer';

/** A request as it goes on: origin-form target, and header lines without those that belong to one hop. */
export interface CleanRequest {
  readonly target: string;
  /** Of the request's authority, else of Host. */
  readonly host: string;
  readonly cookies: readonly string[];
  /** Name, value, name, value; order, case and repeats as they came; without Host. */
  readonly headers: string[];
  readonly hasBody: boolean;
}

/** Fields of one hop (RFC 9110 7.6.1) and those that a proxy must not hand on; lower case. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Fields that Connection may not name away: others rest on them. */
const KEPT = new Set(['host', 'content-length', 'cookie', 'set-cookie', 'via', 'forwarded']);

/** Checks what node:http lets through (reference B.1) and strips the hop, or says how to refuse. */
export function cleanRequest(request: IncomingMessage): CleanRequest | OwnAnswer {
  if (request.method === 'CONNECT') return CONNECT_REFUSED;
  const hosts = valuesOf(request, 'host');
  if (hosts.length > 1) return badRequest('twoHosts', 'expected one Host header, got several');
  const coding = valuesOf(request, 'transfer-encoding').join(',').trim().toLowerCase();
  if (coding !== '' && request.httpVersionMinor === 0) {
    return badRequest('codingInHttp10', 'Transfer-Encoding is not part of HTTP/1.0');
  }
  if (coding !== '' && coding !== 'chunked') {
    return { status: 501, reason: 'coding', text: 'expected Transfer-Encoding: chunked' };
  }
  const place = placeOf(request, hosts[0] ?? '');
  if (place === undefined) return badRequest('target', 'expected a request target such as /path or http://host/path');
  return {
    ...place,
    cookies: valuesOf(request, 'cookie'),
    headers: [...endToEnd(request.rawHeaders, 'host'), ...framing(request, coding)],
    hasBody: coding !== '' || (request.headers['content-length'] ?? '0') !== '0',
  };
}

const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

/** How the body is framed towards the node, said outright: node:http would guess by method. */
function framing(request: IncomingMessage, coding: string): readonly string[] {
  if (coding !== '') return ['Transfer-Encoding', 'chunked'];
  const bare = request.headers['content-length'] === undefined && !WITHOUT_BODY.has(request.method ?? 'GET');
  return bare ? ['Content-Length', '0'] : [];
}

/** The lines of one field. */
function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push(rawHeaders[i + 1] as string);
  }
  return values;
}

function placeOf(request: IncomingMessage, host: string): { target: string; host: string } | undefined {
  const url = request.url ?? '';
  if (url.startsWith('/')) return { target: url, host };
  if (url === '*') return request.method === 'OPTIONS' ? { target: url, host } : undefined;
  const [, authority, rest] = /^https?:\/\/([^/?#@\s]+)([/?].*)?$/i.exec(url) ?? [];
  if (authority === undefined) return undefined;
  const target = rest ?? '/';
  return { target: target.startsWith('/') ? target : `/${target}`, host: authority };
}

/** The lines that go on: without hop-by-hop fields, those that Connection names, and `without`. */
export function endToEnd(rawHeaders: readonly string[], without = ''): string[] {
  const named = connectionTokens(rawHeaders);
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (lower !== without && !HOP_BY_HOP.has(lower) && !named.has(lower)) kept.push(name, rawHeaders[i + 1] as string);
  }
  return kept;
}

function connectionTokens(rawHeaders: readonly string[]): ReadonlySet<string> {
  const tokens = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'connection') continue;
    for (const token of (rawHeaders[i + 1] as string).toLowerCase().split(',')) {
      const name = token.trim();
      if (!KEPT.has(name) && !name.startsWith('x-forwarded-')) tokens.add(name);
    }
  }
  return tokens;
}
