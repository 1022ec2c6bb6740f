import { Protocol, Transport, type Node } from '../../proto';
import { testNode } from './fake-core';

/** A node at an address of its own, port 5060. */
export function nodeAt(
  id: string,
  host: string,
  rest: Partial<Node> = {},
  transports: readonly Transport[] = [Transport.UDP, Transport.TCP],
): Node {
  return testNode(
    id,
    transports.map((transport) => ({ protocol: Protocol.SIP, transport, host, port: 5060 })),
    rest,
  );
}

/** Two nodes, and where the first one sends from. */
export const app1 = nodeAt('app1', '10.0.0.11');
export const app2 = nodeAt('app2', '10.0.0.12');
export const inside = { leg: 'internal', host: '10.0.0.11', port: 5060 } as const;

/** The Via of a client at 192.0.2.1. */
export const clientVia = (branch: string): string => `UDP 192.0.2.1:5060;branch=${branch}`;

/** Our Route value of a leg of DeciderFixture. */
export const ownRoute = (leg: 'external' | 'internal'): string =>
  leg === 'external' ? '<sip:198.51.100.1:5060;transport=udp;lr>' : '<sip:10.0.0.1:5065;transport=udp;lr>';
