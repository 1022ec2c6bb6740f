import type { AlgorithmFactory } from './algorithm';
import { rendezvous } from './rendezvous';

/** The affinity key decides, by weighted rendezvous: SIP and HTTP requests with one key meet on one node. */
export const headerHash: AlgorithmFactory = {
  name: 'header-hash',
  parameters: [],
  create: () => ({ select: (key, nodes) => rendezvous(key, nodes) }),
};
