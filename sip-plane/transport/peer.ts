import { ipv6Groups, ipv6Words, zoneIndex } from './ipv6';
import type { PlaneNode } from '../../data-plane';

/** The other end of a message: an address and a port, made once and then known by identity. */
export class Peer {
  /** An IP address as the socket layer takes it, no brackets. */
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
  /** The address as bytes, no brackets: what stands in `received`. */
  readonly hostBytes: Buffer;
  /** `host:port` as it stands in a URI, brackets around IPv6. */
  readonly hostPortBytes: Buffer;
  /** The IPv4 address as a number, or -1. */
  readonly ipv4: number;
  /** The IPv6 address as four numbers of 32 bits; undefined: it is IPv4. */
  readonly ipv6: Uint32Array | undefined;
  /** The index of the interface that a link-local address is behind; 0: none. */
  readonly scope: number;
  /** Whom limits count it to: the IPv4 address, or the first 64 bits of the IPv6 address, which one user has all of. */
  readonly source: number | string;
  /** One value per address and port. */
  readonly key: number | string;
  /** False for addresses that nothing is ever sent to: unspecified, multicast, broadcast (RFC 4475 3.3.10). */
  readonly sendable: boolean;
  /** The two headers that tell a node where a request came from, with their line ends. */
  readonly originHeaders: Buffer;
  /** The node whose endpoint this is, as of the newest table. */
  node: PlaneNode | undefined = undefined;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
    this.family = host.includes(':') ? 6 : 4;
    this.hostBytes = Buffer.from(host, 'latin1');
    this.hostPortBytes = Buffer.from(this.family === 6 ? `[${host}]:${port}` : `${host}:${port}`, 'latin1');
    this.ipv4 = this.family === 4 ? ipv4OfText(host) : -1;
    this.ipv6 = this.family === 6 ? ipv6Words(host) : undefined;
    this.scope = this.family === 6 ? zoneIndex(host) : 0;
    this.source = this.ipv4 >= 0 ? this.ipv4 : (ipv6Groups(host) ?? []).slice(0, 4).join(':');
    this.key = peerKey(host, this.ipv4, port);
    this.sendable = this.ipv4 >= 0 ? this.ipv4 >= 0x100_0000 && this.ipv4 < 0xe000_0000 : !/^(::$|ff)/i.test(host);
    this.originHeaders = Buffer.from(
      `X-Sip-Balancer-InitialRemoteAddr: ${host}\r\nX-Sip-Balancer-InitialRemotePort: ${port}\r\n`,
      'latin1',
    );
  }
}

/** What a table keeps a peer by. */
export function peerKey(host: string, ipv4: number, port: number): number | string {
  return ipv4 >= 0 ? ipv4 * 0x1_0000 + port : `${host.toLowerCase()}|${port}`;
}

/** An IPv4 address in dotted decimals as a number, or -1. No leading zeros: some read them as octal. */
export function ipv4OfBytes(bytes: Buffer, start: number, end: number): number {
  if (end - start > 15) return -1;
  let value = 0;
  let part = -1;
  let dots = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 48 && byte <= 57) {
      if (part === 0) return -1;
      part = part < 0 ? byte - 48 : part * 10 + (byte - 48);
      if (part > 255) return -1;
    } else if (byte === 46 && part >= 0) {
      value = value * 256 + part;
      part = -1;
      dots += 1;
    } else return -1;
  }
  return dots === 3 && part >= 0 ? value * 256 + part : -1;
}

/** The same for a string, as the socket layer hands addresses out. */
export function ipv4OfText(text: string): number {
  let value = 0;
  let part = 0;
  let parts = 1;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (part > 255) return -1;
    if (unit === 46) {
      value = value * 256 + part;
      part = 0;
      parts += 1;
    } else if (unit >= 48 && unit <= 57) part = part * 10 + (unit - 48);
    else return -1;
  }
  return parts === 4 && part <= 255 ? value * 256 + part : -1;
}

export function ipv4Text(ipv4: number): string {
  return `${Math.floor(ipv4 / 0x100_0000)}.${(ipv4 >>> 16) & 255}.${(ipv4 >>> 8) & 255}.${ipv4 & 255}`;
}
