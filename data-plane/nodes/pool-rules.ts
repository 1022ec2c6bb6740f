import { flagParameter, integerParameter, type Parameters } from '../parameters';

/** What holds for a pool whatever its algorithm. */
export interface PoolRules {
  /** How long the share of a node grows after it began to take work; 0: no slow start. */
  readonly slowStartMs: number;
  /** New keys go to the newest version that has usable nodes. */
  readonly versionPools: boolean;
}

/** Parameters that every algorithm takes beside its own. */
export const POOL_PARAMETERS = ['slowStartMs', 'versionPools'] as const;

/** Reads POOL_PARAMETERS. Throws ALGORITHM_PARAMETER. */
export function readPoolRules(parameters: Parameters): PoolRules {
  return {
    slowStartMs: integerParameter(parameters, 'slowStartMs', { fallback: 0, min: 0, max: 3_600_000 }),
    versionPools: flagParameter(parameters, 'versionPools', true),
  };
}
