import { endpointOf, hashText, newNodeLive, type NodeLive, type PlaneNode } from '../../data-plane';
import { NodeState, Protocol, Transport } from '../../proto';

/** An SMSC that can be dialled. */
export interface SmscTarget {
  /** The node's id, or `host:port` of an entry of remoteServers. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly live: NodeLive;
}

const NODE_WEIGHT = 100;

/** An entry of `smpp.remoteServers` as a node, so that every algorithm treats it like a registered one. */
export function staticNode(hostPort: string, tls = false): PlaneNode {
  const colon = hostPort.lastIndexOf(':');
  const host = hostPort.slice(0, colon).replace(/^\[|\]$/g, '');
  return {
    id: hostPort,
    incarnation: 'static',
    state: NodeState.ACTIVE,
    weight: NODE_WEIGHT,
    pool: 'default',
    version: '',
    jvmRoute: hostPort,
    labels: new Map(),
    endpoints: [
      {
        protocol: Protocol.SMPP,
        transport: tls ? Transport.TLS : Transport.TCP,
        host,
        port: Number(hostPort.slice(colon + 1)),
      },
    ],
    changedIndex: 0,
    registeredIndex: 0,
    hash: hashText(hostPort),
    live: newNodeLive(),
  };
}

/** Where to dial a node: over TLS if it has an endpoint for that, else over TCP; undefined when it has neither. */
export function targetOf(node: PlaneNode): SmscTarget | undefined {
  const secure = endpointOf(node, Transport.TLS);
  const endpoint = secure ?? endpointOf(node, Transport.TCP);
  if (endpoint === undefined) return undefined;
  return { id: node.id, host: endpoint.host, port: endpoint.port, tls: secure !== undefined, live: node.live };
}

/** True when both are dialled alike. */
export function sameEndpoint(one: SmscTarget, other: SmscTarget): boolean {
  return one.host === other.host && one.port === other.port && one.tls === other.tls;
}

/**
 * The SMSCs that may get new binds, sorted by id: the usable registered nodes, and those static ones whose address no registered
 * node has. A registered node speaks for its address whatever its state, so a drained SMSC does not come back by the static list.
 */
export function mergeMembers(
  registered: readonly PlaneNode[],
  usable: readonly PlaneNode[],
  statics: readonly PlaneNode[],
): PlaneNode[] {
  const taken = new Set(registered.flatMap((node) => addressOf(node) ?? []));
  const dialable = usable.filter((node) => addressOf(node) !== undefined);
  const free = statics.filter((node) => !taken.has(addressOf(node) ?? ''));
  return [...dialable, ...free].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function addressOf(node: PlaneNode): string | undefined {
  const target = targetOf(node);
  return target && `${target.host}:${target.port}`;
}
