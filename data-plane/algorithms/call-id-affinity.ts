import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';
import { KeyMemory, type KeyMemoryLimits } from './key-memory';
import { flagParameter, integerParameter, type Parameters } from '../parameters';
import { rendezvous } from './rendezvous';
import { RoundRobin } from './round-robin';

export interface CallIdAffinityOptions extends KeyMemoryLimits {
  /** All keys of a dead node move to one stand-in. */
  readonly groupFailover: boolean;
  /** Narrows those that may take over from a node that is gone; never empty. Absent: all heirs. */
  readonly narrowHeirs?: (gone: PlaneNode, heirs: readonly PlaneNode[]) => readonly PlaneNode[];
}

/**
 * A new key goes round robin, a known one to its node (guides 1.5, CallIDAffinityBalancerAlgorithm). The keys of a dead node move
 * to stand-ins chosen by rendezvous, so that every plane chooses the same: each key its own, or with group failover all to one.
 */
export class CallIdAffinity implements Algorithm {
  readonly #options: CallIdAffinityOptions;
  readonly #fallback = new RoundRobin();
  readonly #keys: KeyMemory;

  constructor(options: CallIdAffinityOptions) {
    this.#options = options;
    this.#keys = new KeyMemory(options);
  }

  get remembered(): number {
    return this.#keys.size;
  }

  select(key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    const { nowMs } = context;
    const knownId = this.#keys.get(key, nowMs);
    const node =
      knownId === undefined ? this.#fallback.select(key, nodes, context) : this.#known(key, knownId, context);
    if (node !== undefined) this.#keys.set(key, node.id, nowMs);
    return node;
  }

  standIn(key: string, gone: PlaneNode, context: SelectionContext): PlaneNode | undefined {
    const { groupFailover, narrowHeirs } = this.#options;
    const heirs = context.heirs(gone.id);
    return rendezvous(groupFailover ? gone.id : key, narrowHeirs === undefined ? heirs : narrowHeirs(gone, heirs));
  }

  /** The node of a known key, if it may get more of its old work. */
  held(key: string, context: SelectionContext): PlaneNode | undefined {
    const knownId = this.#keys.get(key, context.nowMs);
    return knownId === undefined ? undefined : context.keeper(knownId);
  }

  assigned(key: string, node: PlaneNode, context: SelectionContext): void {
    this.#keys.set(key, node.id, context.nowMs);
  }

  nodeRemoved(node: PlaneNode): void {
    this.#fallback.nodeRemoved(node);
  }

  #known(key: string, nodeId: string, context: SelectionContext): PlaneNode | undefined {
    const keeper = context.keeper(nodeId);
    if (keeper !== undefined) return keeper;
    const gone = context.lastKnown(nodeId);
    if (gone !== undefined) return this.standIn(key, gone, context);
    return rendezvous(this.#options.groupFailover ? nodeId : key, context.heirs(nodeId));
  }
}

/** Names of the parameters of everything that remembers keys as `call-id-affinity` does. */
export const AFFINITY_PARAMETERS = [
  'callIdAffinityMaxTimeInCache',
  'callIdAffinityGroupFailover',
  'maxEntries',
] as const;

/** Reads AFFINITY_PARAMETERS. Throws ALGORITHM_PARAMETER. */
export function affinityOptions(parameters: Parameters, defaults = { groupFailover: false }): CallIdAffinityOptions {
  return {
    maxIdleMs:
      1000 * integerParameter(parameters, 'callIdAffinityMaxTimeInCache', { fallback: 500, min: 1, max: 86_400 }),
    groupFailover: flagParameter(parameters, 'callIdAffinityGroupFailover', defaults.groupFailover),
    maxEntries: integerParameter(parameters, 'maxEntries', { fallback: 1_000_000, min: 1, max: 10_000_000 }),
  };
}

/**
 * Parameters: `callIdAffinityMaxTimeInCache` idle seconds until a key is forgotten (1-86400, default 500);
 * `callIdAffinityGroupFailover` true or false (default): all keys of a dead node move to one stand-in;
 * `maxEntries` most keys remembered (default 1000000), the longest unused leaves first.
 */
export const callIdAffinity: AlgorithmFactory = {
  name: 'call-id-affinity',
  parameters: AFFINITY_PARAMETERS,
  create: (parameters) => new CallIdAffinity(affinityOptions(parameters)),
};
