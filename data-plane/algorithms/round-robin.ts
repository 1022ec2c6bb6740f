import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';

/**
 * Smooth weighted round robin: each node's credit grows by its weight, the richest is taken and pays the sum.
 * Over any run of sum-of-weights choices each node gets exactly its share, evenly spread.
 */
export class RoundRobin implements Algorithm {
  readonly #credits = new Map<string, number>();

  select(_key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    let best: PlaneNode | undefined;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i] as PlaneNode;
      const weight = context.weightOf(node);
      const credit = (this.#credits.get(node.id) ?? 0) + weight;
      this.#credits.set(node.id, credit);
      sum += weight;
      if (credit > bestCredit) {
        best = node;
        bestCredit = credit;
      }
    }
    if (best !== undefined) this.#credits.set(best.id, bestCredit - sum);
    return best;
  }

  nodeRemoved(node: PlaneNode): void {
    this.#credits.delete(node.id);
  }
}

export const roundRobin: AlgorithmFactory = {
  name: 'round-robin',
  parameters: [],
  create: () => new RoundRobin(),
};
