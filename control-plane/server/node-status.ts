import { NodeStatus, fromMs, type NodeStats } from '../../proto';
import type { NodeView } from '../registry';

/** How operators see a node: the registry's view and what the planes report of it. */
export function nodeStatus({ node, record, silentMs }: NodeView, figuresOf: (nodeId: string) => NodeStats): NodeStatus {
  const { activeSessions, requests, failures } = figuresOf(node.nodeId);
  return NodeStatus.create({
    node,
    activeSessions,
    requests,
    failures,
    lastHeard: silentMs === undefined ? undefined : fromMs(silentMs),
    source: record.source,
  });
}
