import { Node, NodeRecord, NodeState } from '../../proto';
import { Refusal } from './refusal';

/** The source of nodes that stand in the configuration. */
export const STATIC = 'static';
/** The source of nodes that are imported from Consul's catalog. */
export const IMPORTED = 'consul';

/** Who puts nodes into the registry that do not come by themselves. */
export type PlacedSource = typeof STATIC | typeof IMPORTED;

/** Whether a control plane speaks for the node: it has no lease. */
export function isPlaced({ source }: NodeRecord): boolean {
  return source === STATIC || source === IMPORTED;
}

/** The record, or Refusal NODE_UNKNOWN. */
export function required(record: NodeRecord | undefined, nodeId: string): NodeRecord {
  if (record !== undefined) return record;
  throw new Refusal('NODE_UNKNOWN', `no node ${JSON.stringify(nodeId)}; "triplane nodes" lists them`, {
    node_id: nodeId,
  });
}

/** The record with another wanted state; planes see `state`, by default the same. */
export function withState(record: NodeRecord, wantedState: NodeState, state: NodeState = wantedState): NodeRecord {
  const drainDeadline = wantedState === NodeState.DRAINING ? record.node?.drainDeadline : undefined;
  return { ...record, wantedState, node: Node.create({ ...record.node, state, drainDeadline }) };
}

/** Whether planes and registry could not tell them apart. */
export function sameRecord(a: NodeRecord, b: NodeRecord): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf({ node, ...rest }: NodeRecord): Uint8Array {
  return NodeRecord.encode({ ...rest, node: node && { ...node, changedIndex: 0, registeredIndex: 0 } }).finish();
}
