import { AlgorithmCatalog, rendezvous, type Algorithm, type PlaneNode } from '../../../../data-plane';
import { Protocol, RoutingConfig } from '../../../../proto';
import { planeNode } from '../../../support/plane-nodes';
import { FakeSelection } from '../../../support/selection-context';

const nodes = ['a', 'b', 'c'].map((id) => planeNode(id));

function create(parameters: Readonly<Record<string, string>> = {}): Algorithm {
  const config = RoutingConfig.create({
    protocol: Protocol.SIP,
    algorithm: 'call-id-affinity',
    parameters: new Map(Object.entries(parameters)),
  });
  return new AlgorithmCatalog().create(config, { random: () => 0 });
}

describe('call-id-affinity', () => {
  it('spreads new keys in turn and keeps each where it went', () => {
    const algorithm = create();
    const context = new FakeSelection(nodes);
    const first = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'].map((key) => algorithm.select(key, nodes, context)?.id);
    expect(new Set(first.slice(0, 3)).size).toBe(3);
    const again = ['k1', 'k2', 'k3', 'k4', 'k5', 'k6'].map((key) => algorithm.select(key, nodes, context)?.id);
    expect(again).toEqual(first);
  });

  it('keeps a key on a node that takes no new work but keeps old', () => {
    const algorithm = create();
    const context = new FakeSelection(nodes);
    const node = algorithm.select('k', nodes, context);
    expect(
      algorithm.select(
        'k',
        nodes.filter((other) => other !== node),
        context,
      ),
    ).toBe(node);
  });

  it('moves the keys of a dead node each to its own stand-in, and leaves them there', () => {
    const algorithm = create();
    const context = new FakeSelection(nodes);
    const node = algorithm.select('k', nodes, context);
    const others = nodes.filter((other) => other !== node);
    context.alive = others;
    const standIn = algorithm.select('k', others, context);
    expect(standIn).toBe(rendezvous('k', others));
    context.alive = nodes;
    expect(algorithm.select('k', nodes, context)).toBe(standIn);
  });

  it('moves all keys of a dead node to one stand-in with group failover', () => {
    const algorithm = create({ callIdAffinityGroupFailover: 'true' });
    const context = new FakeSelection(nodes);
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
    const ofA = keys.filter((key) => algorithm.select(key, nodes, context)?.id === 'a');
    const others = nodes.slice(1);
    context.alive = others;
    expect(new Set(ofA.map((key) => algorithm.select(key, others, context)?.id)).size).toBe(1);
  });

  it('names the stand-in of a call that only the plane remembers: by the call, or with group failover by the node', () => {
    const context = new FakeSelection(nodes);
    const [gone, ...others] = nodes as [PlaneNode, PlaneNode, PlaneNode];
    context.alive = others;
    const calls = Array.from({ length: 100 }, (_, i) => `call-${i}`);
    const standIns = (parameters = {}): (PlaneNode | undefined)[] =>
      calls.map((call) => create(parameters).standIn?.(call, gone, context));
    expect(standIns()).toEqual(calls.map((call) => rendezvous(call, others)));
    expect(new Set(standIns({ callIdAffinityGroupFailover: 'true' })).size).toBe(1);
  });

  it('forgets a key that was idle longer than the limit, and not before', () => {
    const algorithm = create({ callIdAffinityMaxTimeInCache: '10' });
    const context = new FakeSelection(nodes);
    algorithm.select('k', nodes, context);
    context.nowMs = 10_000;
    algorithm.select('k', nodes, context);
    context.nowMs = 20_000;
    algorithm.select('other', nodes, context);
    expect(algorithm.remembered).toBe(2);
    context.nowMs = 20_001;
    algorithm.select('other', nodes, context);
    expect(algorithm.remembered).toBe(1);
  });

  it('never remembers more keys than maxEntries', () => {
    const algorithm = create({ maxEntries: '5' });
    const context = new FakeSelection(nodes);
    for (let i = 0; i < 20; i += 1) algorithm.select(`k${i}`, nodes, context);
    expect(algorithm.remembered).toBe(5);
  });

  it('learns from the traffic itself', () => {
    const algorithm = create();
    const context = new FakeSelection(nodes);
    algorithm.assigned?.('k', nodes[2] as PlaneNode, context);
    expect(algorithm.select('k', nodes, context)?.id).toBe('c');
  });

  it.each([
    [
      { callIdAffinityMaxTimeInCache: '0' },
      'callIdAffinityMaxTimeInCache: expected a whole number from 1 to 86400, got 0',
    ],
    [{ callIdAffinityGroupFailover: 'yes' }, 'callIdAffinityGroupFailover: expected true or false, got yes'],
    [
      { speed: '1' },
      'call-id-affinity takes the parameters callIdAffinityMaxTimeInCache, callIdAffinityGroupFailover, maxEntries, slowStartMs, versionPools, not speed',
    ],
  ])('refuses the parameters %j with one clear line', (parameters, message) => {
    expect(() => create(parameters as Record<string, string>)).toThrow(message);
  });
});
