import { newNodeLive, toPlaneNode, type PlaneNode } from '../../data-plane';
import { Protocol, Transport, type Node } from '../../proto';
import { testNode } from './fake-core';

/** A SIP node for tests of algorithms, on a documentation address. */
export function planeNode(id: string, rest: Partial<Node> = {}): PlaneNode {
  const endpoint = { protocol: Protocol.SIP, transport: Transport.UDP, host: '192.0.2.1', port: 5060 };
  return toPlaneNode(testNode(id, [endpoint], rest), Protocol.SIP, newNodeLive());
}
