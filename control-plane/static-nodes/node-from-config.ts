import { Endpoint, Node, Protocol, Transport } from '../../proto';
import type { StaticNodeConfig } from '../../runtime/config';

/** The names of ports in the configuration, and what each is for. */
export const PORTS = [
  ['sipUdp', Protocol.SIP, Transport.UDP],
  ['sipTcp', Protocol.SIP, Transport.TCP],
  ['sipTls', Protocol.SIP, Transport.TLS],
  ['sipWs', Protocol.SIP, Transport.WS],
  ['sipWss', Protocol.SIP, Transport.WSS],
  ['http', Protocol.HTTP, Transport.TCP],
  ['https', Protocol.HTTP, Transport.TLS],
  ['ws', Protocol.HTTP, Transport.WS],
  ['wss', Protocol.HTTP, Transport.WSS],
  ['smpp', Protocol.SMPP, Transport.TCP],
  ['smppTls', Protocol.SMPP, Transport.TLS],
] as const;

export type PortName = (typeof PORTS)[number][0];

/** A node of the configuration as the contract has it. Its incarnation is always the same: it is not told when the server restarts. */
export function nodeFromConfig(config: StaticNodeConfig): Node {
  const endpoints = PORTS.flatMap(([name, protocol, transport]) => {
    const port = config[name];
    return port === undefined ? [] : [Endpoint.create({ protocol, transport, host: config.address, port })];
  });
  return Node.create({
    nodeId: config.id,
    incarnation: 'static',
    endpoints,
    weight: config.weight,
    pool: config.pool,
    softwareVersion: config.version,
    jvmRoute: config.jvmRoute,
  });
}
