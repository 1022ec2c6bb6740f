import type { IncomingMessage } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http2';
import { HOP_FIELDS } from './hop-fields';

/** Fields of an answer that end here (RFC 9113 8.2.2). */
const ENDS = new Set(HOP_FIELDS);

/** What may not come as late as a trailer: it frames, routes or says who asked. */
const NO_TRAILER = new Set([
  ...HOP_FIELDS,
  'host',
  'content-length',
  'cookie',
  'expect',
  'max-forwards',
  'via',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'traceparent',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-accept',
]);

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The fields of a node's answer, final or interim, for a client of HTTP/2: without those of the hop, repeated ones as lists. */
export function fieldsForClient({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  const named = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== 'connection') continue;
    for (const token of (rawHeaders[i + 1] as string).split(',')) named.add(token.trim().toLowerCase());
  }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!ENDS.has(name) && !named.has(name)) (fields[name] ??= []).push(rawHeaders[i + 1] as string);
  }
  return fields;
}

/** As node:http2 wants them: one value as text. */
export function asHeaders(fields: Readonly<Record<string, string[]>>): OutgoingHttpHeaders {
  return Object.fromEntries(
    Object.entries(fields).map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

/** The trailers that may go on, either way; `raw`: names and values in turn. */
export function passableTrailers(raw: readonly string[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    if (NAME.test(name) && VALUE.test(value) && !NO_TRAILER.has(name)) (fields[name] ??= []).push(value);
  }
  return fields;
}
