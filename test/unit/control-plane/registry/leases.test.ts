import { NodeState } from '../../../../proto';
import { REMOVAL_MS, RegistryWorld, TTL_MS } from '../../../support/registry-world';

describe('leases', () => {
  it('keep a node ACTIVE while heartbeats come', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    world.pass(60_000, lease);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('make a silent node SUSPECT within the TTL and one sweep, and remove it after the removal delay', async () => {
    const world = new RegistryWorld();
    await world.register('app1');
    world.clock.advance(TTL_MS - 1);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.clock.advance(world.registry.sweepIntervalMs);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.clock.advance(REMOVAL_MS - 1000);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.clock.advance(2000);
    expect(world.state('app1')).toBeUndefined();
  });

  it('revive a SUSPECT node with its next heartbeat', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    world.clock.advance(2 * TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    expect(world.registry.renew(lease)).toBe(NodeState.ACTIVE);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.clock.advance(2 * TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });

  it('answer undefined to a lease that was never granted or is over', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 0, '');
    expect(world.registry.renew(lease)).toBeUndefined();
    expect(world.registry.renew('other')).toBeUndefined();
  });

  it('survive a stall of the control plane itself, and still end one TTL later', async () => {
    const world = new RegistryWorld();
    await world.register('app1');
    world.clock.advance(1000);
    world.clock.freeze(60_000);
    world.clock.advance(1000);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.clock.advance(TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });

  it('are not prolonged by a stall that a heartbeat notices before the sweep does', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    world.clock.advance(1000);
    world.clock.freeze(3_600_000);
    world.registry.renew(lease);
    world.clock.advance(TTL_MS + 2 * world.registry.sweepIntervalMs);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });

  it('touch the store only when a state changes', async () => {
    const world = new RegistryWorld();
    const lease = await world.register('app1');
    const { index } = world.store;
    world.pass(30_000, lease);
    expect(world.store.index).toBe(index);
  });
});
