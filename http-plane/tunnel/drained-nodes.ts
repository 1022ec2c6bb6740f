import type { NodeTable } from '../../data-plane';
import { NodeState } from '../../proto';

/**
 * The nodes whose drain ended with this table: they went into MAINTENANCE, or out of DRAINING they left. One that fell silent goes through
 * SUSPECT and is not among them; nor is one that a control plane with another store has never heard of.
 */
export function drainedNodes(table: NodeTable, previous: NodeTable): ReadonlySet<string> {
  const ids = new Set<string>();
  const sameStore = table.revision?.lineage === previous.revision?.lineage;
  for (const { id, state } of previous.nodes) {
    if (state === NodeState.MAINTENANCE) continue;
    const now = table.get(id);
    const left = now === undefined && state === NodeState.DRAINING && sameStore;
    if (left || now?.state === NodeState.MAINTENANCE) ids.add(id);
  }
  return ids;
}
