import { NodeStatus, fromMs } from '../../proto';
import type { NodeView } from '../registry';
import type { StatsAggregator } from '../stats';

/** How operators see a node: the registry's view and what the planes report of it. */
export function nodeStatus({ node, record, silentMs }: NodeView, stats: StatsAggregator): NodeStatus {
  const { activeSessions, requests, failures } = stats.node(node.nodeId);
  return NodeStatus.create({
    node,
    activeSessions,
    requests,
    failures,
    lastHeard: silentMs === undefined ? undefined : fromMs(silentMs),
    source: record.source,
  });
}
