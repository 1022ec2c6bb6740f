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

/** Who keeps a node's record, and when it changes. */
export interface RecordKeeper {
  /** "grpc", "sip", "http", or of a node that is placed. */
  readonly source: string;
  /** Id of the control plane that speaks for the node. */
  readonly holderId: string;
  readonly now: Date;
}

/** What is kept of a node that registers or is placed over what was known; undefined when nothing changes. */
export function recordFor(node: Node, old: NodeRecord | undefined, keeper: RecordKeeper): NodeRecord | undefined {
  const held = old?.held === true;
  const wantedState = held ? old.wantedState : NodeState.ACTIVE;
  const restarted = old?.node?.incarnation !== node.incarnation;
  const next = NodeRecord.create({
    node: {
      ...node,
      state: wantedState,
      changedIndex: 0,
      registeredIndex: 0,
      registeredAt: restarted ? keeper.now : old.node?.registeredAt,
      drainDeadline: held ? old.node?.drainDeadline : undefined,
    },
    source: keeper.source,
    wantedState,
    held,
    leaving: false,
    holder: keeper.holderId,
  });
  return old !== undefined && sameRecord(old, next) ? undefined : next;
}

/** The record of a node that is to be free of sessions by the deadline; planes see `state`. */
export function drainingRecord(record: NodeRecord, state: NodeState, drainDeadline: Date): NodeRecord {
  const next = withState(record, NodeState.DRAINING, state);
  return { ...next, node: Node.create({ ...next.node, drainDeadline }) };
}

/** Whether planes and registry could not tell them apart. */
export function sameRecord(a: NodeRecord, b: NodeRecord): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf({ node, ...rest }: NodeRecord): Uint8Array {
  return NodeRecord.encode({ ...rest, node: node && { ...node, changedIndex: 0, registeredIndex: 0 } }).finish();
}
