import { networkInterfaces } from 'node:os';
import type { Transport } from '../../proto';
import { Scheme, type UriView } from '../message';
import { PeerTable, type Leg, type Listener, type Peer } from '../transport';

/** Which addresses in messages are ours: compared as numbers, not as text. */
export class OwnAddresses {
  readonly listeners: readonly Listener[];
  readonly #table = new PeerTable();
  readonly #byPeer = new Map<Peer, Listener>();

  /** @param wildcards hosts `0.0.0.0` or `::` that a listener was bound to: all addresses of the machine count there. */
  constructor(listeners: readonly Listener[], wildcards: ReadonlySet<Listener> = new Set()) {
    this.listeners = listeners;
    for (const listener of listeners) {
      this.#add(listener.self.host, listener);
      if (wildcards.has(listener)) for (const host of machineAddresses()) this.#add(host, listener);
    }
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
    return this.at(bytes, uri.hostStart, uri.hostEnd, portOf(uri));
  }

  /** The first listener of a leg for a transport. */
  find(leg: Leg, transport: Transport): Listener | undefined {
    for (let i = 0; i < this.listeners.length; i += 1) {
      const listener = this.listeners[i] as Listener;
      if (listener.leg === leg && listener.transport === transport) return listener;
    }
    return undefined;
  }

  #add(host: string, listener: Listener): void {
    const peer = this.#table.ofText(host, listener.self.port);
    if (!this.#byPeer.has(peer)) this.#byPeer.set(peer, listener);
  }
}

/** The port of a SIP URI: its own, else 5061 for sips, else 5060 (RFC 3261 19.1.2). */
export function portOf(uri: UriView): number {
  if (uri.port > 0) return uri.port;
  return uri.scheme === Scheme.SIPS ? 5061 : 5060;
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
