import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { WebSocket } from 'ws';
import { Transport } from '../../proto';
import type { Link } from './link';
import type { Peer } from './peer';
import { SocketLink } from './socket-link';
import { SIP_PROTOCOL } from './ws-handshake';
import { WsLink } from './ws-link';

/** How connections of ours prove and check who is there. */
export interface DialTls {
  /** The newest, asked for each connection. */
  readonly context: SecureContext;
  /** The name that certificates are checked for; undefined: the address that is dialled. */
  readonly serverName: string | undefined;
}

export interface DialOptions {
  readonly transport: Transport;
  /** Own address to come from; undefined: the system chooses. */
  readonly localAddress: string | undefined;
  readonly tls: () => DialTls;
  readonly pingMs: number;
  readonly maxMessageBytes: number;
}

/** Begins a connection to a peer; over TLS and WSS the certificate of the other end is always checked. */
export function dial(peer: Peer, options: DialOptions): Link {
  const { transport, localAddress, tls } = options;
  const target = { host: peer.host, port: peer.port, ...(localAddress !== undefined && { localAddress }) };
  switch (transport) {
    case Transport.TLS:
      return new SocketLink(connectTls({ ...target, ...tlsOptions(tls()) }), 'secureConnect');
    case Transport.WS:
    case Transport.WSS:
      return dialWebSocket(peer, options);
    default:
      return new SocketLink(connectTcp(target), 'connect');
  }
}

function dialWebSocket(peer: Peer, { transport, localAddress, tls, pingMs, maxMessageBytes }: DialOptions): Link {
  const secure = transport === Transport.WSS;
  const ws = new WebSocket(`${secure ? 'wss' : 'ws'}://${peer.hostPortBytes.toString('latin1')}/`, [SIP_PROTOCOL], {
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    followRedirects: false,
    ...(localAddress !== undefined && { localAddress }),
    ...(secure && tlsOptions(tls())),
  });
  return new WsLink(ws, pingMs);
}

function tlsOptions({ context, serverName }: DialTls): {
  secureContext: SecureContext;
  rejectUnauthorized: true;
  servername?: string;
} {
  return {
    secureContext: context,
    rejectUnauthorized: true,
    ...(serverName !== undefined && { servername: serverName }),
  };
}
