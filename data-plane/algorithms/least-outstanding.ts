import type { PlaneNode } from '../nodes';
import type { AlgorithmFactory } from './algorithm';

/** The node with the fewest unanswered requests per weight at this plane; among equals, in turn. */
export const leastOutstanding: AlgorithmFactory = {
  name: 'least-outstanding',
  parameters: [],
  create: () => {
    let turn = 0;
    return {
      select: (_key, nodes, context) => {
        let best: PlaneNode | undefined;
        let bestLoad = Number.POSITIVE_INFINITY;
        turn += 1;
        for (let i = 0; i < nodes.length; i += 1) {
          const node = nodes[(turn + i) % nodes.length] as PlaneNode;
          const load = (node.live.inFlight + 1) / context.weightOf(node);
          if (load >= bestLoad) continue;
          best = node;
          bestLoad = load;
        }
        return best;
      },
    };
  },
};
