/** An answer that the plane makes itself. */
export interface OwnAnswer {
  readonly status: number;
  /** Counted as `http.rejects.<reason>`. */
  readonly reason: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a rewrite rule sends the client. */
export function redirectTo(location: string, status: number): OwnAnswer {
  return { status, reason: 'redirectedByRule', text: 'found elsewhere', headers: { Location: location } };
}

export interface UnavailableOptions {
  readonly unavailableHost?: string | undefined;
  readonly unavailableMode?: 'redirect' | 'proxy';
  readonly retryAfterSeconds: number;
}

/** The answer when no node is usable: to the `unavailableHost` of the guides at the same path, else 503 with Retry-After. */
export function unavailable(
  { unavailableHost, unavailableMode, retryAfterSeconds }: UnavailableOptions,
  target: string,
): OwnAnswer {
  if (unavailableHost !== undefined && unavailableMode !== 'proxy') {
    const location = `http://${unavailableHost}${target.startsWith('/') ? target : '/'}`;
    return { status: 302, reason: 'noNodeRedirected', text: 'no node is usable', headers: { Location: location } };
  }
  const headers = retryAfterSeconds > 0 ? { 'Retry-After': String(retryAfterSeconds) } : {};
  return { status: 503, reason: 'noNode', text: 'no node is usable', headers };
}

/** What the node sent is no answer that can be handed on. */
export const NODE_GARBLED: OwnAnswer = { status: 502, reason: 'nodeGarbled', text: 'the node sent no valid answer' };
export const NODE_BUSY: OwnAnswer = { status: 503, reason: 'nodeBusy', text: 'the node has too many connections' };
export const BODY_SLOW: OwnAnswer = { status: 408, reason: 'bodyTimeout', text: 'expected the whole body in time' };
export const HEAD_SLOW: OwnAnswer = { status: 408, reason: 'headTimeout', text: 'expected the whole head in time' };
export const OPTIONS_END: OwnAnswer = { status: 200, reason: 'maxForwards', text: 'Max-Forwards ended here' };
export const NODE_FAILED: OwnAnswer = { status: 502, reason: 'nodeFailed', text: 'the node did not answer' };
export const NODE_UNREACHABLE: OwnAnswer = {
  status: 502,
  reason: 'nodeUnreachable',
  text: 'the node takes no connection',
};
export const CONNECT_SLOW: OwnAnswer = {
  status: 504,
  reason: 'connectTimeout',
  text: 'the node took no connection in time',
};
export const NODE_SLOW: OwnAnswer = { status: 504, reason: 'nodeTimeout', text: 'the node did not answer in time' };

/** To the same place over HTTPS (guides 1.11.2). */
export function toHttps(host: string, port: number, target: string): OwnAnswer {
  const name = host.replace(/:\d*$/, '');
  const location = `https://${name}${port === 443 ? '' : `:${port}`}${target.startsWith('/') ? target : '/'}`;
  return { status: 302, reason: 'redirectedToHttps', text: 'served over HTTPS', headers: { Location: location } };
}
