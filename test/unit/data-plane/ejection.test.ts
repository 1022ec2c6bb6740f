import { NodeState, Protocol, Transport, type Node } from '../../../proto';
import { fakeCore, testNode, type FakeCore } from '../../support/fake-core';
import { FakeClock } from '../../support/fake-clock';

const sip = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5060 };
const node = (id: string, rest: Partial<Node> = {}): Node => testNode(id, [sip], rest);

function start(...ids: readonly string[]): { core: FakeCore; clock: FakeClock } {
  const clock = new FakeClock();
  return {
    core: fakeCore(
      Protocol.SIP,
      ids.map((id) => node(id)),
      clock,
    ),
    clock,
  };
}

const chosen = (core: FakeCore): string =>
  [...new Set(Array.from({ length: 20 }, (_, i) => core.balancer.choose('default', `k${i}`)?.id))].toSorted().join();

describe('ejection', () => {
  it('keeps new work from a node until its time is over', () => {
    const { core, clock } = start('a', 'b');
    expect(core.balancer.eject('a', clock.now() + 1000)).toBe(true);
    expect(chosen(core)).toBe('b');
    expect(core.balancer.ejected).toBe(1);
    clock.advance(999);
    expect(chosen(core)).toBe('b');
    clock.advance(1);
    expect(chosen(core)).toBe('a,b');
    expect(core.balancer.ejected).toBe(0);
  });

  it('leaves old work where it is, unless the node is not there at all', () => {
    const { core, clock } = start('a', 'b');
    core.balancer.eject('a', clock.now() + 1000);
    expect(core.balancer.keeper('a')?.id).toBe('a');
    core.balancer.eject('a', clock.now() + 1000, 'all');
    expect(core.balancer.keeper('a')).toBeUndefined();
    clock.advance(1000);
    expect(core.balancer.keeper('a')?.id).toBe('a');
  });

  it('never takes the last usable node of a pool', () => {
    const { core, clock } = start('a', 'b', 'c');
    core.setNodes([node('a'), node('b', { state: NodeState.DRAINING }), node('c', { pool: 'gold' })]);
    expect(core.balancer.eject('a', clock.now() + 1000)).toBe(false);
    expect(core.balancer.eject('c', clock.now() + 1000)).toBe(false);
    expect(core.balancer.eject('nobody', clock.now() + 1000)).toBe(false);
    expect(chosen(core)).toBe('a');
  });

  it('does not count while all nodes that are left are ejected', () => {
    const { core, clock } = start('a', 'b');
    core.balancer.eject('a', clock.now() + 1000);
    core.setNodes([node('a')]);
    expect(chosen(core)).toBe('a');
  });

  it('outlives a new table, but not a new process of the node', () => {
    const { core, clock } = start('a', 'b');
    core.balancer.eject('a', clock.now() + 1000);
    core.setNodes([node('a'), node('b'), node('c')]);
    expect(chosen(core)).toBe('b,c');
    core.setNodes([node('a', { incarnation: 'i2' }), node('b')]);
    expect(chosen(core)).toBe('a,b');
  });

  it('ends early when the plane says so, and a second one replaces the first', () => {
    const { core, clock } = start('a', 'b');
    core.balancer.eject('a', clock.now() + 5000);
    core.balancer.readmit('a');
    expect(chosen(core)).toBe('a,b');
    core.balancer.eject('a', clock.now() + 5000);
    core.balancer.eject('a', clock.now() + 100);
    clock.advance(100);
    expect(chosen(core)).toBe('a,b');
  });

  it('brings a node back by a slow start', () => {
    const { core, clock } = start('a', 'b');
    core.setAlgorithm('header-hash', { slowStartMs: '10000' });
    core.balancer.eject('a', clock.now() + 1000);
    clock.advance(1000);
    const count = (): number =>
      Array.from({ length: 1000 }, (_, i) => core.balancer.choose('default', `k${i}`)?.id).filter((id) => id === 'a')
        .length;
    const early = count();
    expect(early).toBeGreaterThan(0);
    expect(early).toBeLessThan(150);
    clock.advance(10_000);
    expect(count()).toBeGreaterThan(400);
  });

  it('is not told to algorithms as a departure: they keep what they remember', () => {
    const { core, clock } = start('a', 'b');
    core.setAlgorithm('call-id-affinity');
    const keys = ['k1', 'k2', 'k3', 'k4'];
    const before = keys.map((key) => core.balancer.choose('default', key)?.id);
    core.balancer.eject('a', clock.now() + 1000);
    expect(keys.map((key) => core.balancer.choose('default', key)?.id)).toEqual(before);
  });
});
