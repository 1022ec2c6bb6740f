import { startStaticNodes } from '../../../../control-plane/static-nodes';
import { NodeState, Protocol, Transport } from '../../../../proto';
import { loadConfig, type StaticNodeConfig } from '../../../../runtime/config';
import { silentLogger } from '../../../../runtime/logger';
import { RegistryWorld } from '../../../support/registry-world';

function configured(text: string): StaticNodeConfig {
  const [node] = loadConfig({ set: [`control.nodes=[${text}]`] }).control.nodes;
  if (node === undefined) throw new Error('no node');
  return node;
}

class World extends RegistryWorld {
  reason: string | undefined;
  readonly stop: () => void;

  constructor(text = '{ id: app1, address: 10.0.0.1, sipUdp: 5080, http: 8080 }') {
    super();
    const probe = async (): Promise<string | undefined> => this.reason;
    this.stop = startStaticNodes({
      nodes: [configured(text)],
      registry: this.registry,
      clock: this.clock,
      logger: silentLogger(),
      probes: [probe, probe],
    });
  }

  /** Lets so many rounds of probes happen. */
  async rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round += 1) {
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      this.clock.advance(2000);
    }
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

describe('a node of the configuration', () => {
  it('is SUSPECT until it answers, then ACTIVE without any lease', async () => {
    const world = new World();
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    await world.rounds(2);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    await world.rounds(100);
    expect(world.registry.get('app1')).toMatchObject({ lease: undefined, record: { source: 'static' } });
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.stop();
  });

  it('that does not answer is SUSPECT and never removed', async () => {
    const world = new World();
    await world.rounds(2);
    world.reason = 'gone';
    await world.rounds(4);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    await world.rounds(100);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.reason = undefined;
    await world.rounds(3);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.stop();
  });

  it('without probes is ACTIVE at once', () => {
    const world = new World('{ id: app1, address: "::1", smpp: 2775, probe: { enabled: false } }');
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    expect(world.registry.get('app1')?.node.endpoints).toEqual([
      { protocol: Protocol.SMPP, transport: Transport.TCP, host: '::1', port: 2775 },
    ]);
    world.stop();
  });

  it('can be drained, and an answer does not end that', async () => {
    const world = new World();
    await world.rounds(3);
    await world.registry.drain('app1', 0, '');
    world.reason = 'gone';
    await world.rounds(4);
    world.reason = undefined;
    await world.rounds(4);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
    await world.registry.resume('app1', '');
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.stop();
  });

  it('comes back after an operator removed it', async () => {
    const world = new World();
    await world.rounds(3);
    await world.registry.remove('app1', '');
    await world.rounds(1);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.stop();
  });

  it('keeps its id: nobody can register under it', async () => {
    const world = new World();
    const node = world.registry.get('app1')?.node;
    await expect(
      world.registry.register({ node, peerHost: '10.0.0.1', source: 'grpc', traceparent: '' }),
    ).rejects.toMatchObject({ reason: 'NODE_ID_TAKEN' });
    world.stop();
  });

  it('commits nothing while nothing changes', async () => {
    const world = new World();
    await world.rounds(3);
    const { index } = world.store;
    await world.rounds(20);
    expect(world.store.index).toBe(index);
    world.stop();
  });

  it.each([
    ['{ id: app1, address: 10.0.0.1 }', 'expected at least one port'],
    ['{ id: "a b", address: 10.0.0.1, http: 80 }', 'expected 1-64 characters'],
    ['{ id: app1, address: example.org, http: 80 }', 'expected an IP address'],
    ['{ id: app1, address: 10.0.0.1, http: 0 }', 'expected at least 1'],
    ['{ id: app1, address: 10.0.0.1, htp: 80 }', 'unknown key'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => configured(text)).toThrow(message);
  });
});
