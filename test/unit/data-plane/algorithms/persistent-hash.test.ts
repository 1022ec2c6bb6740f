import { AlgorithmCatalog, PoolAssignments, rendezvous, type Algorithm } from '../../../../data-plane';
import { RoutingConfig } from '../../../../proto';
import { planeNode } from '../../../support/plane-nodes';
import { FakeSelection } from '../../../support/selection-context';

const nodes = ['a', 'b', 'c'].map((id) => planeNode(id));
const grown = [...nodes, planeNode('d'), planeNode('e')];
const KEYS = Array.from({ length: 500 }, (_, i) => `user-${i}`);

function create(assignments?: PoolAssignments, seconds = '600'): Algorithm {
  const parameters = new Map([['persistentHashMaxTimeInCache', seconds]]);
  return new AlgorithmCatalog().create(RoutingConfig.create({ algorithm: 'persistent-hash', parameters }), {
    random: () => 0,
    ...(assignments === undefined ? {} : { assignments }),
  });
}

describe('persistent-hash', () => {
  it('chooses as header-hash does for keys that nobody has seen', () => {
    const algorithm = create();
    for (const key of KEYS) expect(algorithm.select(key, nodes, new FakeSelection(nodes))).toBe(rendezvous(key, nodes));
  });

  it('leaves keys where they are when nodes join, where header-hash would move two fifths of them', () => {
    const algorithm = create();
    const before = KEYS.map((key) => algorithm.select(key, nodes, new FakeSelection(nodes))?.id);
    const after = KEYS.map((key) => algorithm.select(key, grown, new FakeSelection(grown))?.id);
    expect(after).toEqual(before);
    const hashed = KEYS.map((key) => rendezvous(key, grown)?.id);
    expect(hashed.filter((id, i) => id !== before[i]).length).toBeGreaterThan(150);
  });

  it('moves only the keys of a node that is gone, and leaves them there when it returns', () => {
    const algorithm = create();
    const before = KEYS.map((key) => algorithm.select(key, nodes, new FakeSelection(nodes))?.id);
    const rest = nodes.slice(1);
    const during = KEYS.map((key) => algorithm.select(key, rest, new FakeSelection(rest))?.id);
    expect(during.filter((id, i) => before[i] !== 'a' && id !== before[i])).toEqual([]);
    expect(new Set(during.filter((_, i) => before[i] === 'a'))).toEqual(new Set(['b', 'c']));
    const after = KEYS.map((key) => algorithm.select(key, nodes, new FakeSelection(nodes))?.id);
    expect(after).toEqual(during);
  });

  it('obeys what another plane agreed on', () => {
    const shared = new PoolAssignments();
    shared.take('user-1', { nodeId: 'c', untilMs: 1000, pinned: false });
    expect(create(shared).select('user-1', nodes, new FakeSelection(nodes))?.id).toBe('c');
  });

  it('learns from traffic that names the node', () => {
    const algorithm = create();
    const [, , c] = nodes;
    if (c !== undefined) algorithm.assigned?.('k', c, new FakeSelection(nodes));
    expect(algorithm.select('k', nodes, new FakeSelection(nodes))).toBe(c);
  });

  it('forgets a key that was idle for persistentHashMaxTimeInCache', () => {
    const algorithm = create(undefined, '10');
    const context = new FakeSelection(grown);
    const moved = KEYS.find((key) => rendezvous(key, nodes) !== rendezvous(key, grown)) ?? '';
    algorithm.select(moved, nodes, context);
    context.nowMs = 9999;
    expect(algorithm.select(moved, grown, context)).toBe(rendezvous(moved, nodes));
    context.nowMs = 19_999;
    expect(algorithm.select(moved, grown, context)).toBe(rendezvous(moved, grown));
  });
});
