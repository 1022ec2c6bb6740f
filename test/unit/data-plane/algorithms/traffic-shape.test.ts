import { AlgorithmCatalog, type Algorithm, type PlaneNode } from '../../../../data-plane';
import { Protocol, RoutingConfig, Transport } from '../../../../proto';
import { fakeCore, testNode } from '../../../support/fake-core';
import { FakeSelection } from '../../../support/selection-context';

const context = new FakeSelection();

function create(algorithm: string): Algorithm {
  return new AlgorithmCatalog().create(RoutingConfig.create({ algorithm }), { random: () => 0 });
}

function nodes(...weights: readonly number[]): readonly PlaneNode[] {
  const endpoint = { protocol: Protocol.SMPP, transport: Transport.TCP, host: '127.0.0.1', port: 1 };
  const core = fakeCore(
    Protocol.SMPP,
    weights.map((weight, i) => testNode(`n${i}`, [endpoint], { weight })),
  );
  return core.table.nodes;
}

describe('least-outstanding', () => {
  test('takes the node with the fewest unanswered requests per weight', () => {
    const [a, b] = nodes(100, 200) as [PlaneNode, PlaneNode];
    const algorithm = create('least-outstanding');
    a.live.inFlight = 2;
    b.live.inFlight = 4;
    expect(algorithm.select('', [a, b], context)?.id).toBe('n1');
    b.live.inFlight = 7;
    expect(algorithm.select('', [a, b], context)?.id).toBe('n0');
  });

  test('spreads over equals in turn and takes nobody when there is nobody', () => {
    const all = nodes(100, 100, 100);
    const algorithm = create('least-outstanding');
    expect(new Set([1, 2, 3].map(() => algorithm.select('', all, context)?.id)).size).toBe(3);
    expect(algorithm.select('', [], context)).toBeUndefined();
  });
});

describe('active-standby', () => {
  test('keeps one node until it goes, and the next one when the first returns', () => {
    const [a, b, c] = nodes(1, 1, 1) as [PlaneNode, PlaneNode, PlaneNode];
    const algorithm = create('active-standby');
    const taken = [[a, b, c], [b, c], [a, b, c], []].map((set) => algorithm.select('', set, context)?.id);
    expect(taken).toEqual(['n0', 'n1', 'n1', undefined]);
  });
});
