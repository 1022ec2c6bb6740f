import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';

/** One node for everything until it goes, then the next by id (guides, ActiveStandbyAlgorithm). A node that returns waits for its turn. */
class ActiveStandby implements Algorithm {
  #active: string | undefined;

  select(_key: string, nodes: readonly PlaneNode[]): PlaneNode | undefined {
    const node = nodes.find(({ id }) => id === this.#active) ?? nodes[0];
    if (node !== undefined) this.#active = node.id;
    return node;
  }

  /** The calls of the node that went belong where everything goes now. */
  standIn(_key: string, gone: PlaneNode, context: SelectionContext): PlaneNode | undefined {
    const heirs = context.heirs(gone.id);
    return heirs.find(({ id }) => id === this.#active) ?? heirs[0];
  }
}

export const activeStandby: AlgorithmFactory = {
  name: 'active-standby',
  parameters: [],
  create: () => new ActiveStandby(),
};
