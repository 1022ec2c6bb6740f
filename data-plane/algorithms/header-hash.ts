import type { AlgorithmFactory } from './algorithm';
import { rendezvous } from './rendezvous';

/** The affinity key decides, by weighted rendezvous: SIP and HTTP requests with one key meet on one node. */
export const headerHash: AlgorithmFactory = {
  name: 'header-hash',
  parameters: [],
  create: () => ({ select: (key, nodes, context) => rendezvous(key, nodes, context) }),
};

/** `header-hash` under the name that it has for SMPP, where there are no headers: the key is the ESME's system_id or what the plane takes. */
export const hash: AlgorithmFactory = { ...headerHash, name: 'hash' };
