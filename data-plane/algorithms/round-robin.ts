import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';

/**
 * Smooth weighted round robin: each node's credit grows by its weight, the richest is taken and pays the sum.
 * Over any run of sum-of-weights choices each node gets exactly its share, evenly spread.
 */
export class RoundRobin implements Algorithm {
  /** Of nodes that are not among those of the last choice. */
  readonly #others = new Map<string, number>();
  /** Those of the last choice: the same array until the table or an ejection changes them. */
  #nodes: readonly PlaneNode[] = [];
  /** Theirs, by place. */
  #credits: number[] = [];

  select(_key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    if (nodes !== this.#nodes) this.#follow(nodes);
    const credits = this.#credits;
    let best = -1;
    let bestCredit = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let i = 0; i < nodes.length; i += 1) {
      const weight = context.weightOf(nodes[i] as PlaneNode);
      const credit = (credits[i] as number) + weight;
      credits[i] = credit;
      sum += weight;
      if (credit > bestCredit) {
        best = i;
        bestCredit = credit;
      }
    }
    if (best < 0) return undefined;
    credits[best] = bestCredit - sum;
    return nodes[best];
  }

  nodeRemoved(node: PlaneNode): void {
    this.#follow([]);
    this.#others.delete(node.id);
  }

  #follow(nodes: readonly PlaneNode[]): void {
    for (const [i, { id }] of this.#nodes.entries()) this.#others.set(id, this.#credits[i] as number);
    this.#nodes = nodes;
    this.#credits = nodes.map(({ id }) => this.#others.get(id) ?? 0);
  }
}

export const roundRobin: AlgorithmFactory = {
  name: 'round-robin',
  parameters: [],
  create: () => new RoundRobin(),
};
