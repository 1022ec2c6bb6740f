import type { PlaneNode } from '../nodes';
import type { Algorithm, AlgorithmFactory, SelectionContext } from './algorithm';
import { AFFINITY_PARAMETERS, CallIdAffinity, affinityOptions } from './call-id-affinity';
import { parseNumberRules, ruleFor, type NumberRule } from './number-rules';
import { rendezvous } from './rendezvous';

/**
 * All calls for one user or number meet on one node (guides 1.5, UserBasedAlgorithm). The key (To user, From, a header) is made by
 * the plane. Number rules come first: among the live nodes of the first rule that fits, by rendezvous. A key that no rule with a
 * live node fits goes as in call-id-affinity.
 */
class UserAffinity implements Algorithm {
  readonly #affinity: CallIdAffinity;
  readonly #rules: readonly NumberRule[];

  constructor(affinity: CallIdAffinity, rules: readonly NumberRule[]) {
    this.#affinity = affinity;
    this.#rules = rules;
  }

  get remembered(): number {
    return this.#affinity.remembered;
  }

  select(key: string, nodes: readonly PlaneNode[], context: SelectionContext): PlaneNode | undefined {
    const found = ruleFor(this.#rules, key, nodes);
    if (found === undefined) return this.#affinity.select(key, nodes, context);
    const held = this.#affinity.held(key, context);
    // A conference that runs stays, even when its node drains.
    const stays = held !== undefined && found.rule.nodes.has(held);
    const node = stays ? held : rendezvous(key, found.members, context);
    if (node !== undefined) this.#affinity.assigned(key, node, context);
    return node;
  }

  standIn(key: string, gone: PlaneNode, context: SelectionContext): PlaneNode | undefined {
    const found = ruleFor(this.#rules, key, context.heirs(gone.id));
    return found === undefined ? this.#affinity.standIn(key, gone, context) : rendezvous(key, found.members);
  }

  assigned(key: string, node: PlaneNode, context: SelectionContext): void {
    this.#affinity.assigned(key, node, context);
  }

  nodeRemoved(node: PlaneNode): void {
    this.#affinity.nodeRemoved(node);
  }
}

/**
 * Parameters: `numberRules` as `PATTERN => node, node; …` (patterns of LinearPattern, found anywhere in the key; nodes by id, IP address
 * or address:port); those of call-id-affinity, but here all keys of a dead node go to one stand-in unless callIdAffinityGroupFailover
 * is false: calls that are up and new calls for the same number meet again.
 */
export const userAffinity: AlgorithmFactory = {
  name: 'user-affinity',
  parameters: [...AFFINITY_PARAMETERS, 'numberRules'],
  create: (parameters) =>
    new UserAffinity(
      new CallIdAffinity(affinityOptions(parameters, { groupFailover: true })),
      parseNumberRules(parameters.get('numberRules') ?? ''),
    ),
};
