import { networkInterfaces } from 'node:os';
import type { Transport } from '../../proto';
import { Scheme, equalsLower, wire, type UriView, type ViaView } from '../message';
import { PeerTable, canonicalIpv6, type Alias, type Leg, type Listener, type Peer } from '../transport';
import { HostNames } from './host-names';

/** What means us beside the addresses of our listeners. */
export interface MoreNames {
  readonly aliases?: readonly Alias[];
  /** In Route; `*.NAME`: every name below it. */
  readonly hostNames?: readonly string[];
  /** Listeners that no other worker process has. */
  readonly own?: ReadonlySet<Listener>;
}

/** Which addresses in messages are ours: compared as numbers, not as text. */
export class OwnAddresses {
  readonly listeners: readonly Listener[];
  /** One leg serves clients and nodes. */
  readonly singleLeg: boolean;
  readonly #names: HostNames;
  readonly #own: ReadonlySet<Listener>;
  readonly #table = new PeerTable();
  readonly #byPeer = new Map<Peer, Listener>();
  readonly #keys = new Set<Peer['key']>();

  /** @param wildcards hosts `0.0.0.0` or `::` that a listener was bound to: all addresses of the machine count there. @param more what else means us. */
  constructor(
    listeners: readonly Listener[],
    wildcards: ReadonlySet<Listener> = new Set(),
    { aliases = [], hostNames = [], own = new Set() }: MoreNames = {},
  ) {
    this.#names = new HostNames(hostNames);
    this.#own = own;
    this.listeners = listeners;
    this.singleLeg = !listeners.some(({ leg }) => leg === 'internal');
    for (const listener of listeners) {
      this.#add(listener.self.host, listener);
      if (wildcards.has(listener)) for (const host of machineAddresses()) this.#add(host, listener);
      this.#add(listener.known.host, listener, listener.known.port);
    }
    for (const { host, port, listener } of aliases) this.#add(host, listener, port);
    this.#table.pin(this.#byPeer.keys());
  }

  /** The listener that a host and port in a message name; undefined: not ours. */
  at(bytes: Buffer, hostStart: number, hostEnd: number, port: number): Listener | undefined {
    const peer = this.#table.find(bytes, hostStart, hostEnd, port);
    return peer === undefined ? undefined : this.#byPeer.get(peer);
  }

  /** The listener that a SIP URI names; a missing port is the scheme's own. */
  ofUri(bytes: Buffer, uri: UriView): Listener | undefined {
    if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return undefined;
    return this.at(bytes, uri.hostStart, uri.hostEnd, portOf(uri, bytes));
  }

  /** Is this one of our own addresses? What is sent there comes back. */
  has(peer: Peer): boolean {
    return this.#keys.has(peer.key);
  }

  /** As `ofUri`, for Route, where a host name of ours counts too; it leads to no listener in particular. */
  isOurRoute(bytes: Buffer, uri: UriView): boolean {
    if (uri.scheme !== Scheme.SIP && uri.scheme !== Scheme.SIPS) return false;
    return this.ofUri(bytes, uri) !== undefined || this.#names.has(bytes, uri);
  }

  /**
   * The listener of a leg that leads by a transport to addresses of a family: the preferred one if it does, else another on its host, else
   * one that no other worker has, since answers then come to this one, else the first. With a single leg both names mean that one.
   */
  find(leg: Leg, transport: Transport, family: 4 | 6 = 4, preferred?: Listener): Listener | undefined {
    let found: Listener | undefined;
    for (let i = 0; i < this.listeners.length; i += 1) {
      const listener = this.listeners[i] as Listener;
      if (listener.transport !== transport || listener.self.family !== family) continue;
      if (listener.leg !== leg && !this.singleLeg) continue;
      if (listener === preferred || listener.self.host === preferred?.self.host) return listener;
      if (found === undefined || (this.#own.has(listener) && !this.#own.has(found))) found = listener;
    }
    return found;
  }

  #add(host: string, listener: Listener, port = listener.self.port): void {
    const peer = this.#table.ofText(canonicalIpv6(host) ?? host, port);
    this.#keys.add(peer.key);
    if (!this.#byPeer.has(peer)) this.#byPeer.set(peer, listener);
  }
}

const WS = wire('ws');
const TLS = wire('tls');

/** The port of a SIP URI: its own, else that of its transport (RFC 3261 19.1.2, RFC 7118 5.2); without `bytes` that is not looked at. */
export function portOf(uri: UriView, bytes?: Buffer): number {
  if (uri.port > 0) return uri.port;
  if (bytes !== undefined && uri.transportStart >= 0) {
    if (equalsLower(bytes, uri.transportStart, uri.transportEnd, WS)) return uri.scheme === Scheme.SIPS ? 443 : 80;
    if (equalsLower(bytes, uri.transportStart, uri.transportEnd, TLS)) return 5061;
  }
  return uri.scheme === Scheme.SIPS ? 5061 : 5060;
}

/** The port of a Via's sent-by; when it has none, the one that its transport has by default. */
export function viaPort(via: ViaView, listener?: Listener): number {
  if (via.port > 0) return via.port;
  return listener?.secure === true ? 5061 : 5060;
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
