import { endpointOf, type PlaneNode } from '../../data-plane';
import { Transport, type Endpoint } from '../../proto';

export interface EndpointWish {
  /** TLS where the node has it. */
  readonly encrypted: boolean;
  /** A WebSocket: the node's port for them comes first. */
  readonly webSocket: boolean;
}

/** Where a node takes a request, or undefined when it has no HTTP port. What it has counts before what is wished. */
export function endpointFor(node: PlaneNode, { encrypted, webSocket }: EndpointWish): Endpoint | undefined {
  const plain = (webSocket ? endpointOf(node, Transport.WS) : undefined) ?? endpointOf(node, Transport.TCP);
  if (plain !== undefined && !encrypted) return plain;
  const secure = (webSocket ? endpointOf(node, Transport.WSS) : undefined) ?? endpointOf(node, Transport.TLS);
  return secure ?? plain;
}
