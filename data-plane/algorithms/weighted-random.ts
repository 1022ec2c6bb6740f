import type { PlaneNode } from '../nodes';
import type { AlgorithmFactory } from './algorithm';

/** Chance decides, each node with its share by weight. Remembers nothing, so any number of planes spread evenly without knowing of each other. */
export const weightedRandom: AlgorithmFactory = {
  name: 'weighted-random',
  parameters: [],
  create: (_parameters, { random }) => ({
    select: (_key, nodes, context) => {
      let sum = 0;
      for (let i = 0; i < nodes.length; i += 1) sum += context.weightOf(nodes[i] as PlaneNode);
      let point = random() * sum;
      for (let i = 0; i < nodes.length; i += 1) {
        const node = nodes[i] as PlaneNode;
        point -= context.weightOf(node);
        if (point < 0) return node;
      }
      return nodes.at(-1);
    },
  }),
};
