import type { Endpoint, Node, NodeState, Protocol, Transport } from '../../proto';
import { hashText, type Hash64 } from '../hash';

/** What this plane itself counts and notices of a node; lives as long as the node id, across all tables. Plain numbers, hot paths write them. */
export interface NodeLive {
  requests: number;
  failures: number;
  bytesIn: number;
  bytesOut: number;
  /** Dialogs, requests in flight, tunnels or binds at this plane. */
  activeSessions: number;
  /** Requests sent and not answered yet, where the plane counts them (SMPP). */
  inFlight: number;
  /** When something last came from the node, by the plane's clock, ms; -Infinity: never. */
  heardAtMs: number;
  /** Since when its share grows (slow start), by the plane's clock, ms; -Infinity: it has its whole share. */
  rampStartMs: number;
  /** Until when the plane's traffic has ejected it from new work, ms; -Infinity: not ejected. */
  ejectedUntilMs: number;
  /** The same for its old work. */
  deadUntilMs: number;
}

/** One node as a plane sees it. Immutable but for `live`. */
export interface PlaneNode {
  readonly id: string;
  readonly incarnation: string;
  readonly state: NodeState;
  /** Share of new work, 0-1000. */
  readonly weight: number;
  readonly pool: string;
  readonly version: string;
  /** Never empty: the node id when the node gave none. */
  readonly jvmRoute: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Those of the plane's own protocol, at most one per transport, in the node's order. */
  readonly endpoints: readonly Endpoint[];
  /** The revision index of its last change; of a SUSPECT node: when it fell silent. */
  readonly changedIndex: number;
  /** The revision index at which it first appeared. */
  readonly registeredIndex: number;
  /** Of the id, for rendezvous hashing. */
  readonly hash: Hash64;
  readonly live: NodeLive;
}

export function newNodeLive(): NodeLive {
  return {
    requests: 0,
    failures: 0,
    bytesIn: 0,
    bytesOut: 0,
    activeSessions: 0,
    inFlight: 0,
    heardAtMs: Number.NEGATIVE_INFINITY,
    rampStartMs: Number.NEGATIVE_INFINITY,
    ejectedUntilMs: Number.NEGATIVE_INFINITY,
    deadUntilMs: Number.NEGATIVE_INFINITY,
  };
}

export const DEFAULT_POOL = 'default';
const DEFAULT_WEIGHT = 100;

/** A node of the contract as this plane uses it. */
export function toPlaneNode(node: Node, protocol: Protocol, live: NodeLive): PlaneNode {
  return {
    id: node.nodeId,
    incarnation: node.incarnation,
    state: node.state,
    weight: node.weight ?? DEFAULT_WEIGHT,
    pool: node.pool === '' ? DEFAULT_POOL : node.pool,
    version: node.softwareVersion,
    jvmRoute: node.jvmRoute === '' ? node.nodeId : node.jvmRoute,
    labels: node.labels,
    endpoints: node.endpoints.filter(
      (endpoint, index, all) =>
        endpoint.protocol === protocol &&
        all.findIndex((other) => other.protocol === protocol && other.transport === endpoint.transport) === index,
    ),
    changedIndex: node.changedIndex,
    registeredIndex: node.registeredIndex,
    hash: hashText(node.nodeId),
    live,
  };
}

/** The node's endpoint for a transport, or undefined. */
export function endpointOf(node: PlaneNode, transport: Transport): Endpoint | undefined {
  for (let i = 0; i < node.endpoints.length; i += 1) {
    const endpoint = node.endpoints[i];
    if (endpoint !== undefined && endpoint.transport === transport) return endpoint;
  }
  return undefined;
}
