import { PoolAssignments } from '../pool-assignments';
import { integerParameter } from '../parameters';
import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';
import { rendezvous } from './rendezvous';

/**
 * `header-hash` whose keys stay when nodes come (guides 1.5, PersistentConsistentHashBalancerAlgorithm): a key that any plane has seen
 * keeps its node while that may get old work. Planes that have not seen the key learn of it through the control plane; until then,
 * and without one, all agree by the hash. Keys of a node that is gone are hashed over those that take over from it.
 */
class PersistentHash implements Algorithm {
  readonly #assignments: PoolAssignments;
  readonly #ttlMs: number;

  constructor(assignments: PoolAssignments, ttlMs: number) {
    this.#assignments = assignments;
    this.#ttlMs = ttlMs;
  }

  get remembered(): number {
    return this.#assignments.size;
  }

  select(key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    const knownId = this.#assignments.find(key, context.nowMs);
    const node =
      knownId === undefined
        ? rendezvous(key, nodes, context)
        : (context.keeper(knownId) ?? rendezvous(key, context.heirs(knownId)));
    if (node !== undefined) this.assigned(key, node, context);
    return node;
  }

  assigned(key: string, node: PlaneNode, { nowMs }: SelectionContext): void {
    this.#assignments.keep(key, node.id, { nowMs, ttlMs: this.#ttlMs });
  }
}

/** Parameter: `persistentHashMaxTimeInCache` idle seconds until a key is forgotten everywhere (2-86400, default 600). */
export const persistentHash: AlgorithmFactory = {
  name: 'persistent-hash',
  parameters: ['persistentHashMaxTimeInCache'],
  create: (parameters, { assignments }) => {
    const seconds = integerParameter(parameters, 'persistentHashMaxTimeInCache', {
      fallback: 600,
      min: 2,
      max: 86_400,
    });
    return new PersistentHash(assignments ?? new PoolAssignments(), 1000 * seconds);
  },
};
