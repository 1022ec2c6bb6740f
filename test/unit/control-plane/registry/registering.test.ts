import { NodeState, Protocol, Transport, type Node } from '../../../../proto';
import { RegistryWorld, TTL_MS, sipEndpoint, sipNode } from '../../../support/registry-world';

const refused = (reason: string) => expect.objectContaining({ reason });

describe('registering', () => {
  it('is idempotent on id and incarnation', async () => {
    const world = new RegistryWorld();
    const first = await world.register('app1');
    const { index } = world.store;
    expect(await world.register('app1')).toBe(first);
    expect(world.store.index).toBe(index);
  });

  it('again with other endpoints replaces the node under the same lease', async () => {
    const world = new RegistryWorld();
    const first = await world.register('app1');
    const again = await world.registry.register({
      node: sipNode('app1', { weight: 7 }),
      peerHost: '10.0.0.1',
      source: 'grpc',
      traceparent: '',
    });
    expect(again.lease.id).toBe(first);
    expect(world.registry.get('app1')?.node.weight).toBe(7);
  });

  it('works at once for a restart on the same host within the TTL; the old lease ends', async () => {
    const world = new RegistryWorld();
    const old = await world.register('app1');
    const lease = await world.register('app1', { incarnation: 'i2' });
    expect(lease).not.toBe(old);
    expect(world.registry.renew(old)).toBeUndefined();
    expect(world.registry.renew(lease)).toBe(NodeState.ACTIVE);
    expect(world.registry.get('app1')?.node.incarnation).toBe('i2');
  });

  it('refuses the process that a newer one has replaced, so that two under one id do not take turns', async () => {
    const world = new RegistryWorld();
    await world.register('app1', { incarnation: 'i1' });
    await world.register('app1', { incarnation: 'i2' });
    await expect(world.register('app1', { incarnation: 'i1' })).rejects.toEqual(refused('INCARNATION_REPLACED'));
  });

  it('refuses an id that a live process at another address holds, and takes it once that is SUSPECT', async () => {
    const world = new RegistryWorld();
    await world.register('app1');
    const elsewhere = { incarnation: 'i2', peerHost: '10.0.0.2' };
    await expect(world.register('app1', elsewhere)).rejects.toEqual(refused('NODE_ID_TAKEN'));
    world.clock.advance(2 * TTL_MS);
    await world.register('app1', elsewhere);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it.each<[string, Partial<Node> | undefined]>([
    ['node', undefined],
    ['node.node_id', { nodeId: '' }],
    ['node.node_id', { nodeId: 'a b' }],
    ['node.node_id', { nodeId: 'a'.repeat(65) }],
    ['node.incarnation', { incarnation: '' }],
    ['node.pool', { pool: 'a/b' }],
    ['node.weight', { weight: 1001 }],
    ['node.endpoints', { endpoints: [] }],
    ['node.endpoints', { endpoints: Array.from({ length: 17 }, () => sipNode('a').endpoints).flat() }],
    ['node.endpoints[0].host', { endpoints: [sipEndpoint({ host: 'example.org' })] }],
    ['node.endpoints[0].host', { endpoints: [sipEndpoint({ host: '[::1]' })] }],
    ['node.endpoints[0].port', { endpoints: [sipEndpoint({ port: 0 })] }],
    ['node.endpoints[0].port', { endpoints: [sipEndpoint({ port: 65_536 })] }],
    ['node.endpoints[0].protocol', { endpoints: [sipEndpoint({ protocol: Protocol.UNSPECIFIED })] }],
    ['node.endpoints[0].transport', { endpoints: [sipEndpoint({ transport: Transport.UNRECOGNIZED })] }],
    ['node.jvm_route', { jvmRoute: 'a;b' }],
  ])('names the bad field %s', async (field, rest) => {
    const world = new RegistryWorld();
    const bad = rest === undefined ? undefined : sipNode('app1', rest);
    await expect(world.register('app1', { node: bad })).rejects.toMatchObject({ reason: 'INVALID', facts: { field } });
    expect(world.registry.size).toBe(0);
  });

  it('stops at 10 000 nodes', async () => {
    const world = new RegistryWorld();
    for (let i = 0; i < 10_000; i += 1) await world.register(`n${i}`);
    await expect(world.register('one-more')).rejects.toEqual(refused('TOO_MANY_NODES'));
    await world.register('n1');
  });
});
