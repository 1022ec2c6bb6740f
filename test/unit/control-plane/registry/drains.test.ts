import type { PlaneProgress } from '../../../../control-plane/registry';
import { NodeState } from '../../../../proto';
import { REMOVAL_MS, RegistryWorld, TTL_MS } from '../../../support/registry-world';

const refused = (reason: string) => expect.objectContaining({ reason });

const plane = (rest: Partial<PlaneProgress> = {}): PlaneProgress => ({
  key: 'sip-1/i',
  answeredIndex: Number.MAX_SAFE_INTEGER,
  reportedAtMs: Number.NEGATIVE_INFINITY,
  sessionsOf: () => 0,
  ...rest,
});

describe('a drain', () => {
  it('ends in MAINTENANCE once each plane has applied it and reported no sessions since', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    let sessions = 1;
    let answeredIndex = 0;
    let reportedAtMs = world.clock.now();
    world.planes = [
      {
        key: 'sip-1/i',
        get answeredIndex() {
          return answeredIndex;
        },
        get reportedAtMs() {
          return reportedAtMs;
        },
        sessionsOf: () => sessions,
      },
    ];
    await world.registry.drain('app1', 600_000, '');
    const report = (): void => {
      reportedAtMs = world.clock.now();
    };
    world.pass(2000, lease);
    report();
    expect(world.state('app1')).toBe(NodeState.DRAINING);
    answeredIndex = world.store.index;
    sessions = 0;
    world.pass(2000, lease);
    expect(world.state('app1')).toBe(NodeState.DRAINING);
    report();
    world.pass(2000, lease);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
    expect(world.registry.renew(lease)).toBe(NodeState.MAINTENANCE);
  });

  it('ends at its deadline when sessions stay', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    world.planes = [plane({ sessionsOf: () => 3 })];
    await world.registry.drain('app1', 20_000, '');
    expect(world.registry.get('app1')?.node.drainDeadline).toEqual(new Date(world.clock.date().getTime() + 20_000));
    world.pass(19_000, lease);
    expect(world.state('app1')).toBe(NodeState.DRAINING);
    world.pass(2000, lease);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
    expect(world.registry.get('app1')?.node.drainDeadline).toBeUndefined();
  });

  it('without any plane is over at the next sweep; with no time it is over at once', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    await world.register('app2');
    await world.registry.drain('app1', 600_000, '');
    await world.registry.drain('app2', 0, '');
    expect(world.state('app2')).toBe(NodeState.MAINTENANCE);
    world.pass(1000, lease);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
  });

  it('survives a restart of the node, and resume ends it', async () => {
    const world = new RegistryWorld();
    world.planes = [plane({ sessionsOf: () => 1 })];
    await world.register('app1');
    await world.registry.drain('app1', 600_000, '');
    await world.register('app1', { incarnation: 'i2' });
    expect(world.state('app1')).toBe(NodeState.DRAINING);
    const view = await world.registry.resume('app1', '');
    expect(view.node.state).toBe(NodeState.ACTIVE);
    expect(view.node.drainDeadline).toBeUndefined();
  });

  it('outlasts silence: a drained node that falls silent is kept in MAINTENANCE', async () => {
    const world = new RegistryWorld();
    await world.register('app1');
    await world.registry.drain('app1', 0, '');
    world.clock.advance(TTL_MS + 2 * REMOVAL_MS);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
    await world.register('app1', { incarnation: 'i2', peerHost: '10.0.0.9' });
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
  });

  it('that is resumed while the node is silent leaves it SUSPECT, and it is removed in time', async () => {
    const world = new RegistryWorld();
    await world.register('app1');
    await world.registry.drain('app1', 0, '');
    world.clock.advance(2 * TTL_MS);
    await world.registry.resume('app1', '');
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.clock.advance(REMOVAL_MS + 1000);
    expect(world.state('app1')).toBeUndefined();
  });

  it('by the node itself ends in its removal', async () => {
    const world = new RegistryWorld();
    world.planes = [plane({ sessionsOf: () => 1 })];
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 10_000, '');
    expect(world.state('app1')).toBe(NodeState.DRAINING);
    expect(world.registry.renew(lease)).toBeUndefined();
    world.clock.advance(11_000);
    expect(world.state('app1')).toBeUndefined();
  });

  it('by the node itself is forgotten when it comes back', async () => {
    const world = new RegistryWorld();
    world.planes = [plane({ sessionsOf: () => 1 })];
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 10_000, '');
    const back = await world.register('app1', { incarnation: 'i2' });
    world.pass(20_000, back);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('of an unknown node is refused', async () => {
    const world = new RegistryWorld();
    await expect(world.registry.drain('ghost', 1000, '')).rejects.toEqual(refused('NODE_UNKNOWN'));
    await expect(world.registry.resume('ghost', '')).rejects.toEqual(refused('NODE_UNKNOWN'));
    await expect(world.registry.remove('ghost', '')).rejects.toEqual(refused('NODE_UNKNOWN'));
  });
});

describe('leaving', () => {
  it('removes the node at once when it asks for no drain, and twice is no fault', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 0, '');
    await world.registry.deregister(lease, 0, '');
    expect(world.registry.size).toBe(0);
  });

  it('by an operator ends the lease, so that a live node registers again', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    await world.registry.remove('app1', '');
    expect(world.registry.renew(lease)).toBeUndefined();
    await world.register('app1');
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });
});
