import { readTextHeader } from './text-header';
import { readBinaryHeader } from './binary-header';

/** What a PROXY header says. */
export interface ProxyHeader {
  /** Octets of the header: what the client sent begins behind them. */
  readonly length: number;
  /** The client; undefined: the proxy speaks for itself (LOCAL), or does not say (UNKNOWN, UNIX sockets). */
  readonly source: { readonly address: string; readonly port: number } | undefined;
}

/** Why bytes are no PROXY header of a TCP connection. */
export type ProxyFault = 'signature' | 'version' | 'command' | 'family' | 'address' | 'length';

/** First octets of each version. */
const TEXT = Buffer.from('PROXY ', 'latin1');
const BINARY = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/**
 * Reads the header that stands at the start of `bytes`; undefined: more octets are needed. Bounded: version 1 takes at most 107 octets,
 * version 2 at most 16 + 4096 (TLVs are skipped). Source: the PROXY protocol of HAProxy, versions 1 and 2.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader | ProxyFault | undefined {
  const begun = bytes[0] === BINARY[0] ? BINARY : TEXT;
  const known = Math.min(bytes.length, begun.length);
  if (bytes.compare(begun, 0, known, 0, known) !== 0) return 'signature';
  if (known < begun.length) return undefined;
  return begun === TEXT ? readTextHeader(bytes) : readBinaryHeader(bytes);
}
