import type { AlgorithmFactory } from './algorithm';

/** One node for everything until it goes, then the next by id (guides, ActiveStandbyAlgorithm). A node that returns waits for its turn. */
export const activeStandby: AlgorithmFactory = {
  name: 'active-standby',
  parameters: [],
  create: () => {
    let active: string | undefined;
    return {
      select: (_key, nodes) => {
        const node = nodes.find(({ id }) => id === active) ?? nodes[0];
        if (node !== undefined) active = node.id;
        return node;
      },
    };
  },
};
