import { NodeState } from '../../../../proto';
import { REMOVAL_MS, RegistryWorld, TTL_MS } from '../../../support/registry-world';

async function cluster(size: number): Promise<{ world: RegistryWorld; leases: string[] }> {
  const world = new RegistryWorld();
  const leases: string[] = [];
  for (let i = 0; i < size; i += 1) leases.push(await world.register(`n${i}`));
  return { world, leases };
}

describe('the mass-removal guard', () => {
  it('stays down for two nodes', async () => {
    const { world } = await cluster(2);
    world.clock.advance(2 * TTL_MS);
    expect(world.registry.guardActive).toBe(false);
  });

  it('rises when more than 30 % fall silent at once, and nobody is removed', async () => {
    const { world, leases } = await cluster(10);
    world.pass(2 * TTL_MS, ...leases.slice(0, 6));
    expect(world.registry.guardActive).toBe(true);
    expect(world.guardSetting).toBe(true);
    world.pass(2 * REMOVAL_MS, ...leases.slice(0, 6));
    expect(world.registry.size).toBe(10);
    expect(world.state('n9')).toBe(NodeState.SUSPECT);
  });

  it('stays down when exactly 30 % fall silent', async () => {
    const { world, leases } = await cluster(10);
    world.pass(2 * TTL_MS, ...leases.slice(0, 7));
    expect(world.registry.guardActive).toBe(false);
    world.pass(2 * REMOVAL_MS, ...leases.slice(0, 7));
    expect(world.registry.size).toBe(7);
  });

  it('ends when heartbeats return', async () => {
    const { world, leases } = await cluster(10);
    world.pass(2 * TTL_MS, ...leases.slice(0, 5));
    expect(world.guardSetting).toBe(true);
    world.pass(2000, ...leases.slice(0, 8));
    expect(world.registry.guardActive).toBe(false);
    expect(world.guardSetting).toBe(false);
  });

  it('ends by itself after its longest time, and the silent nodes go', async () => {
    const { world, leases } = await cluster(10);
    world.pass(600_000 + 2 * TTL_MS, ...leases.slice(0, 5));
    expect(world.registry.guardActive).toBe(false);
    expect(world.registry.size).toBe(5);
  });

  it('ends when an operator removes the silent nodes', async () => {
    const { world, leases } = await cluster(6);
    world.pass(2 * TTL_MS, ...leases.slice(0, 2));
    expect(world.registry.guardActive).toBe(true);
    for (const id of ['n2', 'n3', 'n4']) await world.registry.remove(id, '');
    world.pass(1000, ...leases.slice(0, 2));
    expect(world.registry.guardActive).toBe(false);
  });
});
