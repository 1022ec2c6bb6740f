import { AlgorithmCatalog, type PlaneNode } from '../../../../data-plane';
import { RoutingConfig } from '../../../../proto';
import { planeNode } from '../../../support/plane-nodes';
import { FakeSelection } from '../../../support/selection-context';

const context = new FakeSelection();
const create = (algorithm: string, random = () => 0.5) =>
  new AlgorithmCatalog().create(RoutingConfig.create({ algorithm }), { random });
const run = (algorithm: string, nodes: readonly PlaneNode[], count: number): string => {
  const instance = create(algorithm);
  return Array.from({ length: count }, () => instance.select('', nodes, context)?.id).join('');
};

describe('round-robin', () => {
  it('takes equal nodes in turn', () => {
    expect(
      run(
        'round-robin',
        ['a', 'b', 'c'].map((id) => planeNode(id)),
        6,
      ),
    ).toBe('abcabc');
  });

  it('gives each node its weight in every run of the sum of weights, evenly spread', () => {
    const nodes = [planeNode('a', { weight: 5 }), planeNode('b', { weight: 1 }), planeNode('c', { weight: 1 })];
    expect(run('round-robin', nodes, 14)).toBe('aabacaaaabacaa');
  });

  it('chooses nothing among no nodes', () => {
    expect(create('round-robin').select('', [], context)).toBeUndefined();
  });
});

describe('least-sessions', () => {
  it('takes the node with the fewest sessions for its weight', () => {
    const [small, large] = [planeNode('small', { weight: 10 }), planeNode('large', { weight: 100 })];
    small.live.activeSessions = 2;
    large.live.activeSessions = 20;
    expect(create('least-sessions').select('', [small, large], context)?.id).toBe('large');
    large.live.activeSessions = 40;
    expect(create('least-sessions').select('', [small, large], context)?.id).toBe('small');
  });

  it('lets chance decide among equals', () => {
    const nodes = ['a', 'b', 'c'].map((id) => planeNode(id));
    expect(create('least-sessions', () => 0).select('', nodes, context)?.id).toBe('c');
    expect(create('least-sessions', () => 0.99).select('', nodes, context)?.id).toBe('a');
  });
});

describe('AlgorithmCatalog', () => {
  it('names the known algorithms when one is unknown', () => {
    expect(() => create('fastest')).toThrow('least-sessions, least-outstanding, active-standby, got fastest');
  });
});
