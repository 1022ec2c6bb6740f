import { TriplaneError } from '../../runtime/errors';
import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';
import { rendezvous } from './rendezvous';
import { RoundRobin } from './round-robin';

interface Affinity {
  nodeId: string;
  usedAtMs: number;
}

export interface CallIdAffinityOptions {
  readonly maxIdleMs: number;
  readonly groupFailover: boolean;
  readonly maxEntries: number;
}

/**
 * A new key goes round robin, a known one to its node (guides 1.5, CallIDAffinityBalancerAlgorithm). The keys of a dead node move
 * to stand-ins chosen by rendezvous, so that every plane chooses the same: each key its own, or with group failover all to one.
 */
export class CallIdAffinity implements Algorithm {
  readonly #options: CallIdAffinityOptions;
  readonly #fallback = new RoundRobin();
  /** In order of last use, oldest first. */
  readonly #affinities = new Map<string, Affinity>();

  constructor(options: CallIdAffinityOptions) {
    this.#options = options;
  }

  get remembered(): number {
    return this.#affinities.size;
  }

  select(key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    this.#forgetIdle(context.nowMs);
    const known = this.#affinities.get(key);
    if (known === undefined) return this.#remember(key, this.#fallback.select(key, nodes), context.nowMs);
    const keeper = context.keeper(known.nodeId);
    if (keeper !== undefined) return this.#touch(key, known, keeper, context.nowMs);
    const standIn = rendezvous(this.#options.groupFailover ? known.nodeId : key, nodes);
    return standIn === undefined ? undefined : this.#touch(key, known, standIn, context.nowMs);
  }

  assigned(key: string, node: PlaneNode, context: SelectionContext): void {
    const known = this.#affinities.get(key);
    if (known === undefined) this.#remember(key, node, context.nowMs);
    else this.#touch(key, known, node, context.nowMs);
  }

  nodeRemoved(node: PlaneNode): void {
    this.#fallback.nodeRemoved(node);
  }

  #remember(key: string, node: PlaneNode | undefined, nowMs: number): PlaneNode | undefined {
    if (node === undefined) return undefined;
    if (this.#affinities.size >= this.#options.maxEntries) this.#forgetOldest();
    this.#affinities.set(key, { nodeId: node.id, usedAtMs: nowMs });
    return node;
  }

  #touch(key: string, affinity: Affinity, node: PlaneNode, nowMs: number): PlaneNode {
    affinity.nodeId = node.id;
    affinity.usedAtMs = nowMs;
    this.#affinities.delete(key);
    this.#affinities.set(key, affinity);
    return node;
  }

  #forgetIdle(nowMs: number): void {
    for (const [key, affinity] of this.#affinities) {
      if (nowMs - affinity.usedAtMs <= this.#options.maxIdleMs) return;
      this.#affinities.delete(key);
    }
  }

  #forgetOldest(): void {
    for (const key of this.#affinities.keys()) {
      this.#affinities.delete(key);
      return;
    }
  }
}

/**
 * Parameters: `callIdAffinityMaxTimeInCache` idle seconds until a key is forgotten (1-86400, default 500);
 * `callIdAffinityGroupFailover` true or false (default): all keys of a dead node move to one stand-in;
 * `maxEntries` most keys remembered (default 1000000), the longest unused leaves first.
 */
export const callIdAffinity: AlgorithmFactory = {
  name: 'call-id-affinity',
  parameters: ['callIdAffinityMaxTimeInCache', 'callIdAffinityGroupFailover', 'maxEntries'],
  create: (parameters) =>
    new CallIdAffinity({
      maxIdleMs: 1000 * integer(parameters, 'callIdAffinityMaxTimeInCache', { fallback: 500, min: 1, max: 86_400 }),
      groupFailover: flag(parameters, 'callIdAffinityGroupFailover', false),
      maxEntries: integer(parameters, 'maxEntries', { fallback: 1_000_000, min: 1, max: 100_000_000 }),
    }),
};

function integer(
  parameters: ReadonlyMap<string, string>,
  name: string,
  { fallback, min, max }: { fallback: number; min: number; max: number },
): number {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new TriplaneError('ALGORITHM_PARAMETER', `${name}: expected a whole number from ${min} to ${max}, got ${text}`);
}

function flag(parameters: ReadonlyMap<string, string>, name: string, fallback: boolean): boolean {
  const text = parameters.get(name);
  if (text === undefined) return fallback;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new TriplaneError('ALGORITHM_PARAMETER', `${name}: expected true or false, got ${text}`);
}
