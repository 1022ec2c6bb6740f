import { AlgorithmCatalog, rendezvous, type Algorithm, type PlaneNode } from '../../../../data-plane';
import { Protocol, RoutingConfig, Transport } from '../../../../proto';
import { planeNode } from '../../../support/plane-nodes';
import { FakeSelection } from '../../../support/selection-context';

const at = (id: string, host: string): PlaneNode =>
  planeNode(id, { endpoints: [{ protocol: Protocol.SIP, transport: Transport.UDP, host, port: 5060 }] });
const nodes = [
  at('a', '192.0.2.1'),
  at('b', '192.0.2.2'),
  at('c', '192.0.2.3'),
  at('d', '192.0.2.4'),
  at('e', '192.0.2.5'),
];
const KEYS = Array.from({ length: 200 }, (_, i) => `call-${i}`);

function create(subclusterMap: string, rest: Readonly<Record<string, string>> = {}): Algorithm {
  const parameters = new Map(Object.entries({ subclusterMap, ...rest }));
  return new AlgorithmCatalog().create(RoutingConfig.create({ algorithm: 'subcluster-affinity', parameters }), {
    random: () => 0,
  });
}

/** Where the keys of `dead` go when it and `alsoDead` die. */
function heirsOf(algorithm: Algorithm, dead: string, ...alsoDead: readonly string[]): string[] {
  const context = new FakeSelection(nodes);
  const keys = KEYS.filter((key) => algorithm.select(key, nodes, context)?.id === dead);
  expect(keys.length).toBeGreaterThan(20);
  context.alive = nodes.filter(({ id }) => id !== dead && !alsoDead.includes(id));
  return [...new Set(keys.map((key) => algorithm.select(key, context.alive, context)?.id ?? ''))].toSorted();
}

describe('subcluster-affinity', () => {
  it('fails over inside the group of the dead node', () => {
    expect(heirsOf(create('( a, b ) ( c,d )'), 'a')).toEqual(['b']);
    expect(heirsOf(create('(a,b)(c,d)'), 'd')).toEqual(['c']);
  });

  it('takes IP addresses and address:port, as the guides write them', () => {
    expect(heirsOf(create('( 192.0.2.1, 192.0.2.2 ) ( 192.0.2.3:5060,192.0.2.4:5060 )'), 'a')).toEqual(['b']);
    expect(heirsOf(create('( 192.0.2.1, 192.0.2.2 ) ( 192.0.2.3:5060,192.0.2.4:5060 )'), 'c')).toEqual(['d']);
  });

  it('goes to all others when the group is gone, and for nodes without a group', () => {
    expect(heirsOf(create('(a,b)(c,d)'), 'a', 'b')).toEqual(['c', 'd', 'e']);
    expect(heirsOf(create('(a,b)(c,d)'), 'e')).toEqual(['a', 'b', 'c', 'd']);
  });

  it('accepts groups of nodes that are not there, and no groups at all', () => {
    expect(heirsOf(create('(x,y)(z)'), 'a')).toEqual(['b', 'c', 'd', 'e']);
    expect(heirsOf(create(''), 'a')).toEqual(['b', 'c', 'd', 'e']);
  });

  it('moves all calls of the dead node to one of its group with callIdAffinityGroupFailover', () => {
    const algorithm = create('(a,b,c)(d,e)', { callIdAffinityGroupFailover: 'true' });
    expect(heirsOf(algorithm, 'a')).toHaveLength(1);
    expect(['b', 'c']).toContain(heirsOf(create('(a,b,c)(d,e)', { callIdAffinityGroupFailover: 'true' }), 'a')[0]);
  });

  it('names the same stand-in at every plane for calls that it never saw, by the group of the node that is gone', () => {
    const context = new FakeSelection(nodes);
    const [gone, ...alive] = nodes as [PlaneNode, ...PlaneNode[]];
    context.alive = alive;
    const group = alive.filter(({ id }) => id === 'b' || id === 'c');
    for (const key of KEYS) {
      expect(create('(a,b,c)').standIn?.(key, gone, context)).toBe(rendezvous(key, group));
    }
  });

  it.each([
    ['a,b', 'subclusterMap: expected groups of nodes such as (a, b) (c, d), got a,b'],
    ['(a,b', 'subclusterMap: expected groups of nodes'],
    ['(a,b) c', 'subclusterMap: expected groups of nodes'],
    ['()', 'subclusterMap: expected groups of nodes'],
    ['(a b)', 'subclusterMap: expected groups of nodes'],
    ['(a,b)(b,c)', 'subclusterMap: expected each node in one group, got b in two'],
  ])('refuses %s with one clear line', (map, message) => {
    expect(() => create(map)).toThrow(message);
  });
});
