import type { PlaneNode } from '../nodes';
import type { AlgorithmFactory } from './algorithm';

/** The node with the fewest live sessions per weight at this plane; among equals, chance decides. */
export const leastSessions: AlgorithmFactory = {
  name: 'least-sessions',
  parameters: [],
  create: (_parameters, { random }) => ({
    select: (_key, nodes, context) => {
      let best: PlaneNode | undefined;
      let bestLoad = Number.POSITIVE_INFINITY;
      let equals = 0;
      for (let i = 0; i < nodes.length; i += 1) {
        const node = nodes[i] as PlaneNode;
        const load = (node.live.activeSessions + 1) / context.weightOf(node);
        if (load < bestLoad) {
          best = node;
          bestLoad = load;
          equals = 1;
        } else if (load === bestLoad) {
          equals += 1;
          if (random() * equals < 1) best = node;
        }
      }
      return best;
    },
  }),
};
