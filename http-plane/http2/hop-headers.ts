import type { Http2ServerRequest } from 'node:http2';
import { forwardedElement } from '../forward';
import type { CleanRequest } from './clean-request';

export interface HopOptions {
  readonly request: Http2ServerRequest;
  readonly clean: CleanRequest;
  /** Of the client. */
  readonly address: string;
  /** What the client says of those before it is believed. */
  readonly trusted: boolean;
  /** Pseudonym in Via. */
  readonly via: string;
  /** Says who the client is in Forwarded, too. */
  readonly forwarded: boolean;
  /** Of our own span; '': the caller's goes on. */
  readonly traceparent: string;
}

/** The fields of a request as the node gets them: those of the client that go on, then ours, as HTTP/1.1 clients get them. */
export function fieldsForNode(options: HopOptions): Map<string, string | string[]> {
  const { request, clean, address, trusted, via, forwarded, traceparent } = options;
  const came = (name: string): string | undefined => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const behind = (name: string, own: string): string => (came(name) === undefined ? own : `${came(name)}, ${own}`);
  const fields = new Map(clean.fields)
    .set('host', clean.host)
    .set('x-forwarded-for', trusted ? behind('x-forwarded-for', address) : address)
    .set('x-forwarded-proto', (trusted ? came('x-forwarded-proto') : undefined) ?? 'https')
    .set('x-forwarded-host', (trusted ? came('x-forwarded-host') : undefined) ?? clean.host)
    .set('via', behind('via', `2.0 ${via}`));
  for (const name of ['forwarded', 'x-forwarded-port']) {
    const value = trusted ? came(name) : undefined;
    if (value !== undefined) fields.set(name, value);
  }
  const own = forwardedElement(address, 'https', clean.host);
  if (forwarded) fields.set('forwarded', trusted ? behind('forwarded', own) : own);
  if (traceparent !== '') fields.set('traceparent', traceparent);
  return fields;
}
