import type { IncomingHttpHeaders } from 'node:http';

/** The WebSocket subprotocol of SIP (RFC 7118 4). */
export const SIP_PROTOCOL = 'sip';

export interface HandshakeRules {
  /** Origins that may connect; empty: all, and clients that are no browsers and name none. */
  readonly origins: readonly string[];
  /** Headers that must be there. */
  readonly requiredHeaders: readonly string[];
}

/** Why a handshake is refused: `name` is the tail of `sip.handshakes.<name>`. */
export interface Refusal {
  readonly name: 'version' | 'protocol' | 'origin' | 'header';
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
}

/** Judges a handshake before it is answered (RFC 6455 4.2, RFC 7118 4); undefined: it may go on. */
export function judgeHandshake(headers: IncomingHttpHeaders, rules: HandshakeRules): Refusal | undefined {
  if (headers['sec-websocket-version'] !== '13') {
    const version = ['Sec-WebSocket-Version: 13'];
    return { name: 'version', status: 426, reason: 'Upgrade Required', headers: version };
  }
  if (sipProtocolOf(headers) === undefined) {
    return { name: 'protocol', status: 400, reason: 'Expected Subprotocol sip', headers: [] };
  }
  const { origin } = headers;
  if (rules.origins.length > 0 && !rules.origins.some((allowed) => sameOrigin(allowed, origin))) {
    return { name: 'origin', status: 403, reason: 'Origin Not Allowed', headers: [] };
  }
  if (rules.requiredHeaders.some((name) => headers[name.toLowerCase()] === undefined)) {
    return { name: 'header', status: 401, reason: 'Unauthorized', headers: [] };
  }
  return undefined;
}

/** The subprotocol as the client spells it, which is what it wants to read in the answer; undefined: it does not offer ours. */
export function sipProtocolOf(headers: IncomingHttpHeaders): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',') ?? [];
  return offered.map((name) => name.trim()).find((name) => name.toLowerCase() === SIP_PROTOCOL);
}

function sameOrigin(allowed: string, origin: string | undefined): boolean {
  return origin !== undefined && allowed.replace(/\/$/, '').toLowerCase() === origin.toLowerCase();
}
