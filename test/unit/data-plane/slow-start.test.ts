import { NodeState, Protocol, Transport, type Node } from '../../../proto';
import { fakeCore, testNode, type FakeCore } from '../../support/fake-core';
import { FakeClock } from '../../support/fake-clock';

const sip = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5060 };
const RUNS = 10_000;
const node = (id: string, rest: Partial<Node> = {}): Node => testNode(id, [sip], rest);

/** How many of 10 000 new keys go to the node. */
function shareOf(core: FakeCore, id: string): number {
  let count = 0;
  for (let i = 0; i < RUNS; i += 1) if (core.balancer.choose('default', `key-${i}`)?.id === id) count += 1;
  return count;
}

function start(algorithm: string, nodes: readonly Node[], slowStartMs = '10000'): { core: FakeCore; clock: FakeClock } {
  const clock = new FakeClock();
  const core = fakeCore(Protocol.SIP, nodes, clock);
  core.setAlgorithm(algorithm, { slowStartMs });
  return { core, clock };
}

describe('slow start', () => {
  it.each(['round-robin', 'weighted-random', 'header-hash', 'call-id-affinity'])(
    'lets the share of a new node grow from a tenth to the whole under %s',
    (algorithm) => {
      const { core, clock } = start(algorithm, [node('old')]);
      core.setNodes([node('old'), node('new')]);
      const expectShare = (weight: number): void => {
        const share = weight / (1 + weight);
        const sigma = Math.sqrt(RUNS * share * (1 - share));
        // call-id-affinity remembers keys: another algorithm object for each look.
        core.setAlgorithm(algorithm, { slowStartMs: '10000', ...fresh() });
        expect(Math.abs(shareOf(core, 'new') - RUNS * share)).toBeLessThan(3 * sigma);
      };
      let looks = 0;
      const fresh = (): Record<string, string> =>
        algorithm === 'call-id-affinity' ? { maxEntries: String(1_000_000 - (looks += 1)) } : {};
      expectShare(0.1);
      clock.advance(5000);
      expectShare(0.5);
      clock.advance(5000);
      expectShare(1);
    },
  );

  it.each(['least-sessions', 'least-outstanding'])(
    'counts the load of a new node against its share under %s',
    (name) => {
      const { core, clock } = start(name, [node('old')]);
      core.setNodes([node('old'), node('new')]);
      const old = core.table.get('old');
      if (old !== undefined) [old.live.activeSessions, old.live.inFlight] = [5, 5];
      expect(core.balancer.choose('default', 'k')?.id).toBe('old');
      clock.advance(10_000);
      expect(core.balancer.choose('default', 'k')?.id).toBe('new');
    },
  );

  it('moves keys only to the growing node under header-hash', () => {
    const { core, clock } = start('header-hash', [node('a'), node('b')]);
    core.setNodes([node('a'), node('b'), node('new')]);
    const keys = Array.from({ length: 2000 }, (_, i) => `key-${i}`);
    const look = (): (string | undefined)[] => keys.map((key) => core.balancer.choose('default', key)?.id);
    let before = look();
    for (let step = 0; step < 5; step += 1) {
      clock.advance(2000);
      const after = look();
      expect(after.filter((id, i) => id !== before[i] && id !== 'new')).toEqual([]);
      before = after;
    }
  });

  it.each([
    ['a new process of a node', { incarnation: 'i2' }, {}],
    ['a node that was suspect', {}, { state: NodeState.SUSPECT }],
    ['a resumed node', {}, { state: NodeState.DRAINING }],
    ['a node that had no weight', {}, { weight: 0 }],
  ])('begins anew for %s', (_what, after, before) => {
    const { core } = start('round-robin', [node('a'), node('b')]);
    core.setNodes([node('a'), node('b', before)]);
    core.setNodes([node('a'), node('b', after)]);
    expect(shareOf(core, 'b')).toBeLessThan(RUNS / 8);
  });

  it('slows nobody when the plane itself starts, and nobody by default', () => {
    const { core } = start('round-robin', [node('a'), node('b')]);
    expect(shareOf(core, 'b')).toBe(RUNS / 2);
    const off = start('round-robin', [node('a')], '0').core;
    off.setNodes([node('a'), node('b')]);
    expect(shareOf(off, 'b')).toBe(RUNS / 2);
  });

  it('changes live without the algorithm losing what it remembers', () => {
    const { core } = start('call-id-affinity', [node('a'), node('b')]);
    core.balancer.choose('default', 'k');
    core.setAlgorithm('call-id-affinity', { slowStartMs: '500' });
    expect(core.balancer.remembered).toBe(1);
  });

  it('does not touch stand-ins, which all planes must choose equally', () => {
    const { core } = start('header-hash', [node('a'), node('b')]);
    const keys = Array.from({ length: 300 }, (_, i) => `key-${i}`);
    const full = fakeCore(Protocol.SIP, [node('a'), node('b'), node('new')]);
    core.setNodes([node('a'), node('b'), node('new')]);
    for (const key of keys) {
      expect(core.balancer.standIn('default', key)?.id).toBe(full.balancer.standIn('default', key)?.id);
    }
  });
});
