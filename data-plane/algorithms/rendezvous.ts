import { hashText, unitInterval } from '../hash';
import type { PlaneNode } from '../nodes';
import type { SelectionContext } from './algorithm';

/**
 * Weighted rendezvous (highest random weight) hashing: each node scores -weight / ln(u) with u from (key, node id), the highest wins.
 * Removing a node moves only its keys, spread over the others by weight; a growing weight moves keys only to its node.
 * Equal in every plane and after every restart. With a context, slow start counts; without, the full weight does.
 */
export function rendezvous(
  key: string,
  nodes: readonly PlaneNode[],
  context?: Pick<SelectionContext, 'weightOf'>,
): PlaneNode | undefined {
  const hash = hashText(key);
  let best: PlaneNode | undefined;
  let bestScore = -1;
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[i] as PlaneNode;
    const weight = context === undefined ? node.weight : context.weightOf(node);
    const score = -weight / Math.log(unitInterval(hash, node.hash));
    if (score > bestScore) {
      best = node;
      bestScore = score;
    }
  }
  return best;
}
