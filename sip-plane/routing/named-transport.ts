import { Transport } from '../../proto';
import { equalsLower, wire, type MessageView, type UriView } from '../message';

const TRANSPORTS: readonly (readonly [Buffer, Transport])[] = [
  [wire('udp'), Transport.UDP],
  [wire('tcp'), Transport.TCP],
  [wire('tls'), Transport.TLS],
  [wire('ws'), Transport.WS],
  [wire('wss'), Transport.WSS],
];

/** The transport that a URI's parameter names; undefined: none, or an unknown one. */
export function namedTransport(view: MessageView, uri: UriView): Transport | undefined {
  if (uri.transportStart < 0) return undefined;
  for (let i = 0; i < TRANSPORTS.length; i += 1) {
    const [name, transport] = TRANSPORTS[i] as (typeof TRANSPORTS)[number];
    if (equalsLower(view.bytes, uri.transportStart, uri.transportEnd, name)) return transport;
  }
  return undefined;
}
