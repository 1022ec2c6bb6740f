import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { SmscTarget } from '../routing';

/** How SMSCs are dialled. */
export interface SmscDialing {
  /** The local address to connect from; undefined: the system chooses. */
  readonly sourceHost?: string | undefined;
  /** The newest certificate, key and CAs. */
  readonly tls: () => SecureContext;
  /** The name that certificates of SMSCs must carry; undefined: that of their address. */
  readonly serverName?: string | undefined;
}

/** Connects to an SMSC, over TLS when its endpoint says so: its certificate is always verified. `connected` is called when it can be written to. */
export function dialSmsc(target: SmscTarget, dialing: SmscDialing, connected: () => void): Socket {
  const { sourceHost, serverName } = dialing;
  const to = {
    host: target.host,
    port: target.port,
    ...(sourceHost !== undefined && { localAddress: sourceHost }),
  };
  if (!target.tls) return connectTcp(to).once('connect', connected);
  return connectTls({
    ...to,
    secureContext: dialing.tls(),
    rejectUnauthorized: true,
    ...(serverName !== undefined && { servername: serverName }),
  }).once('secureConnect', connected);
}
