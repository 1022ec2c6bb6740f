import { isIPv4, isIPv6 } from 'node:net';
import type { ProxyFault, ProxyHeader } from './proxy-header';

/** The longest line of version 1, CR LF included. */
const MAX_LINE = 107;
const PORT = /^(0|[1-9]\d{0,4})$/;

/** Version 1, behind its signature: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443` CR LF, or `PROXY UNKNOWN …` CR LF. */
export function readTextHeader(bytes: Buffer): ProxyHeader | ProxyFault | undefined {
  const lineEnd = bytes.subarray(0, MAX_LINE).indexOf('\r\n', 0, 'latin1');
  if (lineEnd === -1) return bytes.length < MAX_LINE ? undefined : 'length';
  const length = lineEnd + 2;
  const [, family = '', ...rest] = bytes.toString('latin1', 0, lineEnd).split(' ');
  if (family === 'UNKNOWN') return { length, source: undefined };
  if (family !== 'TCP4' && family !== 'TCP6') return 'family';
  const isAddress = family === 'TCP4' ? isIPv4 : isIPv6;
  const [source = '', destination = '', sourcePort = '', destinationPort = ''] = rest;
  // A zone (fe80::1%eth0) means something on the proxy only.
  if (rest.length !== 4 || source.includes('%') || !isAddress(source) || !isAddress(destination)) return 'address';
  if (!isPort(sourcePort) || !isPort(destinationPort)) return 'address';
  return { length, source: { address: source, port: Number(sourcePort) } };
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65_535;
}
