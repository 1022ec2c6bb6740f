import { NodeState, type Node } from '../../proto';
import type { Lease } from './lease-table';
import { IMPORTED, STATIC } from './record-state';
import { Refusal } from './refusal';

/** Who holds the node id now. */
export interface Incumbent {
  readonly lease: Lease | undefined;
  /** Undefined: nobody. */
  readonly source: string | undefined;
  /** The node as another living control plane hears it; undefined: none does. */
  readonly elsewhere: Node | undefined;
}

/** Whether a process may have a node id that may be held already. Throws Refusal NODE_ID_TAKEN, INCARNATION_REPLACED. */
export function admit(
  node: Node,
  { peerHost, source }: { readonly peerHost: string; readonly source: string },
  held: Incumbent,
): void {
  if (held.source === STATIC || held.source === IMPORTED) {
    const whose = held.source === STATIC ? 'node of the configuration' : 'service imported from Consul';
    throw new Refusal('NODE_ID_TAKEN', `node_id ${node.nodeId} belongs to a ${whose}`, { node_id: node.nodeId });
  }
  const { nodeId, incarnation } = node;
  if (held.elsewhere !== undefined) admitBeside(node, held.elsewhere);
  const { lease } = held;
  if (lease === undefined || lease.expired || lease.incarnation === incarnation) return;
  if (lease.replaced.includes(incarnation)) {
    throw new Refusal(
      'INCARNATION_REPLACED',
      `a newer process has taken node_id ${nodeId}; end one of the two, or choose another node_id`,
      { node_id: nodeId },
    );
  }
  // A node that registers by itself knows better than whoever sends heartbeats for it.
  const upgrade = source === 'grpc' && held.source !== 'grpc';
  if (lease.peerHost === peerHost || upgrade) return;
  throw new Refusal(
    'NODE_ID_TAKEN',
    `node_id ${nodeId} is held by another live process at ${lease.peerHost}; end that one, or choose another node_id`,
    { node_id: nodeId, holder: lease.peerHost },
  );
}

/** Its lease is not known here, so that its addresses stand for where it runs: a restart keeps one of them. */
function admitBeside(node: Node, held: Node): void {
  if (held.state !== NodeState.ACTIVE || held.incarnation === node.incarnation) return;
  const hosts = new Set(held.endpoints.map(({ host }) => host));
  if (node.endpoints.some(({ host }) => hosts.has(host))) return;
  const holder = [...hosts].join(', ');
  throw new Refusal(
    'NODE_ID_TAKEN',
    `node_id ${node.nodeId} is held by another live process at ${holder}; end that one, or choose another node_id`,
    { node_id: node.nodeId, holder },
  );
}

export function tooManyNodes(limit: number): Refusal {
  return new Refusal('TOO_MANY_NODES', `there are ${limit} nodes already; remove some, then try again`);
}
