import type { RoutingConfig } from '../../proto';
import { TriplaneError } from '../../runtime/errors';
import type { Algorithm, AlgorithmDeps, AlgorithmFactory } from './algorithm';
import { activeStandby } from './active-standby';
import { callIdAffinity } from './call-id-affinity';
import { headerHash } from './header-hash';
import { leastOutstanding } from './least-outstanding';
import { leastSessions } from './least-sessions';
import { roundRobin } from './round-robin';

/** The algorithms that a plane announces and can run. */
export class AlgorithmCatalog {
  readonly #factories: ReadonlyMap<string, AlgorithmFactory>;

  constructor(
    factories: readonly AlgorithmFactory[] = [
      roundRobin,
      callIdAffinity,
      headerHash,
      leastSessions,
      leastOutstanding,
      activeStandby,
    ],
  ) {
    this.#factories = new Map(factories.map((factory) => [factory.name, factory]));
  }

  get factories(): readonly AlgorithmFactory[] {
    return [...this.#factories.values()];
  }

  /** Makes the algorithm of a routing config. Throws ALGORITHM_UNKNOWN or ALGORITHM_PARAMETER. */
  create(config: RoutingConfig, deps: AlgorithmDeps): Algorithm {
    const factory = this.#factories.get(config.algorithm);
    if (factory === undefined) {
      const known = [...this.#factories.keys()].join(', ');
      throw new TriplaneError('ALGORITHM_UNKNOWN', `expected one of ${known}, got ${config.algorithm}`);
    }
    for (const name of config.parameters.keys()) {
      if (factory.parameters.includes(name)) continue;
      const known = factory.parameters.join(', ') || 'none';
      throw new TriplaneError('ALGORITHM_PARAMETER', `${factory.name} takes the parameters ${known}, not ${name}`);
    }
    return factory.create(config.parameters, deps);
  }
}
