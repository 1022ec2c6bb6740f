import { networkInterfaces } from 'node:os';
import { Transport } from '../../proto';
import { Peer } from './peer';

/** The two sides: clients and trunks outside, application nodes inside. */
export type Leg = 'external' | 'internal';

/** Transport as it stands in Via (`SIP/2.0/UDP`) and, in lower case, in a URI's `transport` parameter. */
export function transportName(transport: Transport): string {
  switch (transport) {
    case Transport.TCP:
      return 'TCP';
    case Transport.TLS:
      return 'TLS';
    case Transport.WS:
      return 'WS';
    case Transport.WSS:
      return 'WSS';
    default:
      return 'UDP';
  }
}

/** One address that the plane listens on, and how it calls itself there in Via and Record-Route. */
export class Listener {
  /** Place in the plane's list, 0-25; stands as a letter in our branch, so that a response knows where its request arrived. */
  readonly index: number;
  readonly leg: Leg;
  readonly transport: Transport;
  /** Own address, as others see it. */
  readonly self: Peer;
  /** `Via: SIP/2.0/UDP host:port;branch=z9hG4bK`. */
  readonly viaPrefix: Buffer;
  /** `Record-Route: <sip:`, then comes the flow or nothing. */
  readonly recordRoutePrefix: Buffer;
  /** `host:port;transport=udp;lr`, then comes the hint or nothing. */
  readonly recordRouteUri: Buffer;

  constructor(index: number, leg: Leg, transport: Transport, host: string, port: number) {
    this.index = index;
    this.leg = leg;
    this.transport = transport;
    this.self = new Peer(publicAddress(host), port);
    const sentBy = this.self.hostPortBytes.toString('latin1');
    const name = transportName(transport);
    this.viaPrefix = Buffer.from(`Via: SIP/2.0/${name} ${sentBy};branch=z9hG4bK`, 'latin1');
    this.recordRoutePrefix = Buffer.from('Record-Route: <sip:', 'latin1');
    this.recordRouteUri = Buffer.from(`${sentBy};transport=${name.toLowerCase()};lr`, 'latin1');
  }
}

/** An address that others can send to: for the wildcard the first one of the machine that is not loopback. */
function publicAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const family = host === '::' ? 'IPv6' : 'IPv4';
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (address.family === family && !address.internal && !address.address.startsWith('fe80')) return address.address;
    }
  }
  return family === 'IPv6' ? '::1' : '127.0.0.1';
}
