import type { Node } from '../../proto';
import { isName, type Registry } from '../registry';

/**
 * The node under an id of its own: hosts with several servers send one host name for all of them, so a living node of that name
 * with no address in common is another one, and this one is called by its address too.
 */
export function withDistinctId(node: Node, registry: Registry): Node {
  const known = registry.get(node.nodeId);
  if (known === undefined || known.lease === undefined || known.lease.expired) return node;
  const shared = known.node.endpoints.some((theirs) =>
    node.endpoints.some(({ host, port }) => host === theirs.host && port === theirs.port),
  );
  const [first] = node.endpoints;
  if (shared || first === undefined) return node;
  const nodeId = `${node.nodeId}-${first.host.replaceAll(':', '-')}-${first.port}`;
  return isName(nodeId) ? { ...node, nodeId } : node;
}
