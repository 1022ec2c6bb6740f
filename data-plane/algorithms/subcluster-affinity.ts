import type { AlgorithmFactory } from './algorithm';
import { AFFINITY_PARAMETERS, CallIdAffinity, affinityOptions } from './call-id-affinity';
import { NamedNodes } from './named-nodes';
import { badParameter } from '../parameters';

/**
 * `call-id-affinity` whose failover goes to the group of the dead node first, then to all (guides 1.5, ClusterSubdomainAffinityAlgorithm).
 * Parameter `subclusterMap`: `(a, b) (c, d, e)`, each member a node id, an IP address or address:port. Members need not be alive,
 * nodes outside of all groups are legal. The rest is as in call-id-affinity.
 */
export const subclusterAffinity: AlgorithmFactory = {
  name: 'subcluster-affinity',
  parameters: [...AFFINITY_PARAMETERS, 'subclusterMap'],
  create: (parameters) => {
    const groups = parseSubclusterMap(parameters.get('subclusterMap') ?? '').map((names) => new NamedNodes(names));
    return new CallIdAffinity({
      ...affinityOptions(parameters),
      narrowHeirs: (gone, heirs) => {
        const own = groups.find((group) => group.has(gone))?.among(heirs) ?? [];
        return own.length > 0 ? own : heirs;
      },
    });
  },
};

/** The groups of `(a, b)(c)`. Throws ALGORITHM_PARAMETER for other text and for a name in two groups. */
function parseSubclusterMap(text: string): string[][] {
  const groups = [...text.matchAll(/\(([^()]*)\)/g)].map(([, inner = '']) =>
    inner
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
  const names = groups.flat();
  const isClean = text.replaceAll(/\([^()]*\)/g, '').trim() === '' && groups.every((group) => group.length > 0);
  const isNamed = names.every((name) => /^[A-Za-z0-9._:[\]-]+$/.test(name));
  if (!isClean || !isNamed) throw badParameter('subclusterMap', 'groups of nodes such as (a, b) (c, d)', text);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badParameter('subclusterMap', 'each node in one group', `${twice} in two`);
  return groups;
}
