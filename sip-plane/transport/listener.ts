import { networkInterfaces } from 'node:os';
import { Transport } from '../../proto';
import { canonicalIpv6 } from './ipv6';
import { Peer } from './peer';

/** The two sides: clients and trunks outside, application nodes inside. */
export type Leg = 'external' | 'internal';

/** Transport as it stands in Via: `SIP/2.0/UDP`. */
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

/** Transport as a URI's `transport` parameter names it: `ws` with and without TLS (RFC 7118 5.2). */
export function uriTransport(transport: Transport): string {
  return transport === Transport.WSS ? 'ws' : transportName(transport).toLowerCase();
}

/** By which address others know a listener, when it is not its own: that of an IP load balancer or a NAT box. */
export interface Advertised {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  /** In Via too, not only in Record-Route. */
  readonly inVia: boolean;
}

/** One address that the plane listens on, and how it calls itself there in Via and Record-Route. */
export class Listener {
  /** Place in the plane's list, 0-25; stands as a letter in our branch, so that a response knows where its request arrived. */
  readonly index: number;
  readonly leg: Leg;
  readonly transport: Transport;
  /** Own address. */
  readonly self: Peer;
  /** The address that others are told. */
  readonly known: Peer;
  /** `Via: SIP/2.0/UDP host:port;branch=z9hG4bK`, with what else all our Vias there say. */
  readonly viaPrefix: Buffer;
  /** `Record-Route: <sip:`, then comes the flow or nothing. */
  readonly recordRoutePrefix: Buffer;
  /** `host:port;transport=udp;lr`, then comes the hint or nothing. */
  readonly recordRouteUri: Buffer;
  /** Both again for calls to `sips` URIs; without TLS here they are the same (RFC 3261 16.6.4). */
  readonly secureRecordRoutePrefix: Buffer;
  readonly secureRecordRouteUri: Buffer;
  /** Carried by TLS. */
  readonly secure: boolean;
  /** Carried by WebSocket: clients there have no address that they could be called at. */
  readonly webSocket: boolean;
  #direct: Listener;
  #instance: Listener;

  constructor(
    index: number,
    leg: Leg,
    transport: Transport,
    host: string,
    port: number,
    advertised?: Advertised,
    viaParams = '',
  ) {
    this.index = index;
    this.leg = leg;
    this.transport = transport;
    this.self = new Peer(publicAddress(host), port);
    this.known = advertised === undefined ? this.self : new Peer(advertised.host, advertised.port);
    this.#direct =
      advertised === undefined ? this : new Listener(index, leg, transport, host, port, undefined, viaParams);
    this.#instance = this.#direct;
    this.secure = transport === Transport.TLS || transport === Transport.WSS;
    this.webSocket = transport === Transport.WS || transport === Transport.WSS;
    const sentBy = this.known.hostPortBytes.toString('latin1');
    const via = advertised?.inVia === true ? sentBy : this.self.hostPortBytes.toString('latin1');
    const parameter = uriTransport(transport);
    this.viaPrefix = Buffer.from(
      `Via: SIP/2.0/${transportName(transport)} ${via}${viaParams};branch=z9hG4bK`,
      'latin1',
    );
    this.recordRoutePrefix = Buffer.from('Record-Route: <sip:', 'latin1');
    this.recordRouteUri = Buffer.from(`${sentBy};transport=${parameter};lr`, 'latin1');
    // With sips the transport is TLS without being named, unless it is WebSocket.
    const named = this.webSocket ? ';transport=ws' : '';
    this.secureRecordRoutePrefix = this.secure ? Buffer.from('Record-Route: <sips:', 'latin1') : this.recordRoutePrefix;
    this.secureRecordRouteUri = this.secure ? Buffer.from(`${sentBy}${named};lr`, 'latin1') : this.recordRouteUri;
  }
  /**
   * The same listener as it names itself to peers that must reach this very process, whatever stands before it: for those on a connection.
   * Itself when nothing does.
   */
  get direct(): Listener {
    return this.#direct;
  }

  /** As `direct`, but any worker process of this instance will do. */
  get instance(): Listener {
    return this.#instance;
  }

  /** Several processes listen here: who must reach this very one is told its own listener instead. */
  sharedBy(own: Listener): void {
    own.#instance = this.#instance;
    this.#direct = own.direct;
  }
}

/** An address that others can send to: for the wildcard the first one of the machine that is not loopback. */
function publicAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return canonicalIpv6(host) ?? host;
  const family = host === '::' ? 'IPv6' : 'IPv4';
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) {
      if (address.family === family && !address.internal && !address.address.startsWith('fe80')) return address.address;
    }
  }
  return family === 'IPv6' ? '::1' : '127.0.0.1';
}
