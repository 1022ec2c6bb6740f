import { hashText, unitInterval } from '../hash';
import type { PlaneNode } from '../nodes';

/**
 * Weighted rendezvous (highest random weight) hashing: each node scores -weight / ln(u) with u from (key, node id), the highest wins.
 * Removing a node moves only its keys, spread over the others by weight; equal in every plane and after every restart.
 */
export function rendezvous(key: string, nodes: readonly PlaneNode[]): PlaneNode | undefined {
  const hash = hashText(key);
  let best: PlaneNode | undefined;
  let bestScore = -1;
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[i] as PlaneNode;
    const score = -node.weight / Math.log(unitInterval(hash, node.hash));
    if (score > bestScore) {
      best = node;
      bestScore = score;
    }
  }
  return best;
}
