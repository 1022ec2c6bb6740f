import type { NodeTable } from './node-table';
import type { PlaneNode } from './plane-node';

/** Share of its weight that a node begins with. */
const FIRST_SHARE = 0.1;

/**
 * The node's weight of this moment: it grows from a tenth to the whole over `slowStartMs` after the node began to take new work.
 * Where all nodes are new, all are small alike, and the shares are as ever.
 */
export function rampedWeight(node: PlaneNode, slowStartMs: number, nowMs: number): number {
  const elapsed = nowMs - node.live.rampStartMs;
  if (elapsed >= slowStartMs) return node.weight;
  return node.weight * Math.max(FIRST_SHARE, elapsed / slowStartMs);
}

/**
 * Notes which nodes of a new table begin to take new work: those that did not before, or are a new process. Nodes of the first
 * table that a plane has are taken as they are: a plane's restart slows nobody.
 */
export function startRamps(table: NodeTable, previous: NodeTable, nowMs: number): void {
  if (previous.revision === undefined || previous === table) return;
  for (const node of table.nodes) {
    if (!table.takesNewWork(node, nowMs)) continue;
    const before = previous.get(node.id);
    const went = before !== undefined && before.incarnation === node.incarnation;
    if (!went || !previous.takesNewWork(before, nowMs)) node.live.rampStartMs = nowMs;
  }
}
