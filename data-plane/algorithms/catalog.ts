import type { RoutingConfig } from '../../proto';
import { TriplaneError } from '../../runtime/errors';
import { POOL_PARAMETERS, readPoolRules } from '../nodes';
import { activeStandby } from './active-standby';
import type { Algorithm, AlgorithmDeps, AlgorithmFactory } from './algorithm';
import { callIdAffinity } from './call-id-affinity';
import { hash, headerHash } from './header-hash';
import { leastOutstanding } from './least-outstanding';
import { leastSessions } from './least-sessions';
import { persistentHash } from './persistent-hash';
import { roundRobin } from './round-robin';
import { subclusterAffinity } from './subcluster-affinity';
import { userAffinity } from './user-affinity';
import { weightedRandom } from './weighted-random';

/** The algorithms that every plane has. */
export const BUILT_IN: readonly AlgorithmFactory[] = [
  roundRobin,
  weightedRandom,
  callIdAffinity,
  userAffinity,
  subclusterAffinity,
  headerHash,
  persistentHash,
  hash,
  leastSessions,
  leastOutstanding,
  activeStandby,
];

/** The algorithms that a plane announces and can run. */
export class AlgorithmCatalog {
  readonly #factories: ReadonlyMap<string, AlgorithmFactory>;

  constructor(factories: readonly AlgorithmFactory[] = BUILT_IN) {
    this.#factories = new Map(factories.map((factory) => [factory.name, factory]));
  }

  /** What is announced: each algorithm with its own parameters and those of every pool. */
  get descriptions(): readonly { readonly name: string; readonly parameters: readonly string[] }[] {
    return [...this.#factories.values()].map(({ name, parameters }) => ({
      name,
      parameters: [...parameters, ...POOL_PARAMETERS],
    }));
  }

  /** Makes the algorithm of a routing config. Throws ALGORITHM_UNKNOWN or ALGORITHM_PARAMETER. */
  create(config: RoutingConfig, deps: AlgorithmDeps): Algorithm {
    const factory = this.#factories.get(config.algorithm);
    if (factory === undefined) {
      const known = [...this.#factories.keys()].join(', ');
      throw new TriplaneError('ALGORITHM_UNKNOWN', `expected one of ${known}, got ${config.algorithm}`);
    }
    const taken: readonly string[] = [...factory.parameters, ...POOL_PARAMETERS];
    for (const name of config.parameters.keys()) {
      if (taken.includes(name)) continue;
      const known = taken.join(', ');
      throw new TriplaneError('ALGORITHM_PARAMETER', `${factory.name} takes the parameters ${known}, not ${name}`);
    }
    readPoolRules(config.parameters);
    return factory.create(config.parameters, deps);
  }
}
