import { Registry, type Registration } from '../../../../control-plane/registry';
import { MemoryStore, SETTINGS_KEY, settingsOf } from '../../../../control-plane/store';
import { ClusterSettings, Endpoint, Node, NodeState, Protocol, StoredValue, Transport } from '../../../../proto';
import { Counters } from '../../../../runtime/counters';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';

const TTL_MS = 6000;
const REMOVAL_MS = 60_000;

/** A store that can be cut off. */
class FreezableStore extends MemoryStore {
  cut = false;

  override get frozen(): boolean {
    return this.cut;
  }
}

/** Two registries over one store, as two control planes have it. */
class World {
  readonly clock = new FakeClock();
  readonly store = new FreezableStore('lineage', this.clock);
  readonly alive = new Set(['one', 'two']);
  readonly one = this.#registry('one');
  readonly two = this.#registry('two');
  /** Those whose process runs. */
  readonly running = new Set([this.one, this.two]);

  constructor() {
    const content = { $case: 'settings', value: ClusterSettings.create({}) } as const;
    void this.store.compareAndSet(SETTINGS_KEY, StoredValue.create({ content }), 0);
    this.clock.every(600, () => {
      for (const registry of this.running) registry.sweep();
    });
  }

  state(id: string): NodeState | undefined {
    return this.two.get(id)?.node.state;
  }

  get guardSetting(): boolean | undefined {
    return settingsOf(this.store.get(SETTINGS_KEY)?.value)?.guardActive;
  }

  #registry(holderId: string): Registry {
    let leases = 0;
    return new Registry({
      store: this.store,
      clock: this.clock,
      logger: silentLogger(),
      counters: new Counters(),
      lease: { ttlMs: TTL_MS, removalDelayMs: REMOVAL_MS },
      guard: { percent: 30, minNodes: 2, maxMs: 600_000 },
      newLeaseId: () => `${holderId}-${(leases += 1)}`,
      holderId,
      isHolderAlive: (id) => this.alive.has(id),
      planes: () => [],
    });
  }
}

function registration(nodeId: string, incarnation = 'i1', host = '10.0.0.1'): Registration {
  const endpoints = [Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host, port: 5080 })];
  const node = Node.create({ nodeId, incarnation, endpoints });
  return { node, peerHost: host, source: 'grpc', traceparent: '' };
}

describe('a node', () => {
  it('is let expire only by the control plane that holds it', async () => {
    const world = new World();
    const { lease } = await world.one.register(registration('app1'));
    for (let beat = 0; beat < 30; beat += 1) {
      world.one.renew(lease.id);
      world.clock.advance(1000);
    }
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    expect(world.two.get('app1')?.lease).toBeUndefined();
  });

  it('that goes to another control plane is let go by the first, and lives on', async () => {
    const world = new World();
    const first = await world.one.register(registration('app1'));
    const second = await world.two.register(registration('app1'));
    expect(world.one.renew(first.lease.id)).toBeUndefined();
    for (let beat = 0; beat < 30; beat += 1) {
      world.two.renew(second.lease.id);
      world.clock.advance(1000);
    }
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('keeps its id though a process at another address asks another control plane; a restart at its own gets it', async () => {
    const world = new World();
    await world.one.register(registration('app1'));
    const stranger = registration('app1', 'i2', '10.0.0.2');
    await expect(world.two.register(stranger)).rejects.toMatchObject({ reason: 'NODE_ID_TAKEN' });
    await world.two.register(registration('app1', 'i3'));
    expect(world.two.get('app1')?.node.incarnation).toBe('i3');
    world.clock.advance(2 * TTL_MS);
    await world.one.register(stranger);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('of a dead control plane that nobody took is SUSPECT, and removed in time', async () => {
    const world = new World();
    await world.one.register(registration('app1'));
    world.running.delete(world.one);
    world.two.adoptOrphans();
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.alive.delete('one');
    world.two.adoptOrphans();
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.clock.advance(REMOVAL_MS - 1000);
    world.two.adoptOrphans();
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.clock.advance(2000);
    expect(world.state('app1')).toBeUndefined();
  });

  it('of a dead control plane that comes in time is ACTIVE again', async () => {
    const world = new World();
    await world.one.register(registration('app1'));
    world.running.delete(world.one);
    world.alive.delete('one');
    world.two.adoptOrphans();
    await world.two.register(registration('app1'));
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('in MAINTENANCE stays there when its control plane dies', async () => {
    const world = new World();
    await world.one.register(registration('app1'));
    await world.two.drain('app1', 0, '');
    world.running.delete(world.one);
    world.alive.delete('one');
    world.two.adoptOrphans();
    world.clock.advance(2 * REMOVAL_MS);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
  });

  it('does not expire while the store is cut off, and gets its time afterwards', async () => {
    const world = new World();
    await world.one.register(registration('app1'));
    world.clock.advance(3000);
    world.store.cut = true;
    world.clock.advance(60_000);
    world.store.cut = false;
    world.clock.advance(2000);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.clock.advance(TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });
});

describe('a node of the configuration of several control planes', () => {
  const app1 = registration('app1').node as Node;

  /** Both look at each other's nodes twice a second; those who have app1 in their file speak for it. */
  function run(world: World, ms: number, speakers: readonly Registry[]): void {
    for (let left = ms; left > 0; left -= 500) {
      for (const registry of world.running) registry.adoptOrphans();
      for (const registry of speakers) if (world.running.has(registry)) void registry.place(app1, true);
      world.clock.advance(500);
    }
  }

  it('is spoken for by the other one when the first dies', async () => {
    const world = new World();
    await world.one.place(app1, true);
    run(world, 5000, [world.one, world.two]);
    world.running.delete(world.one);
    world.alive.delete('one');
    run(world, 60_000, [world.one, world.two]);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('that is in no file any more becomes SUSPECT and goes in time', async () => {
    const world = new World();
    await world.one.place(app1, true);
    world.running.delete(world.one);
    world.alive.delete('one');
    run(world, 9000, []);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    run(world, 2000, []);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    run(world, REMOVAL_MS + 1000, []);
    expect(world.state('app1')).toBeUndefined();
  });

  it('that comes back into a file before it went is ACTIVE again, and stays', async () => {
    const world = new World();
    await world.one.place(app1, true);
    world.running.delete(world.one);
    world.alive.delete('one');
    run(world, 20_000, []);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    run(world, 2 * REMOVAL_MS, [world.two]);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('goes with many others only after the guard, and never one in MAINTENANCE', async () => {
    const world = new World();
    const many = ['a', 'b', 'c', 'd'].map((id) => registration(id).node as Node);
    for (const node of many) await world.one.place(node, true);
    await world.one.drain('d', 0, '');
    world.running.delete(world.one);
    world.alive.delete('one');
    run(world, 2 * REMOVAL_MS, []);
    expect([world.two.guardActive, world.two.size]).toEqual([true, 4]);
    run(world, 600_000 + 2 * REMOVAL_MS, []);
    expect(world.two.list().map(({ node }) => node.nodeId)).toEqual(['d']);
  });
});

describe('a drain', () => {
  it('that one control plane began ends though it dies', async () => {
    const world = new World();
    await world.two.register(registration('app1'));
    world.running.delete(world.two);
    await world.one.drain('app1', 20_000, '');
    world.running.delete(world.one);
    world.running.add(world.two);
    world.clock.advance(1000);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
  });
});

describe('the guard', () => {
  it('of one control plane holds the hands of the other, and ends though the one who raised it dies', async () => {
    const world = new World();
    for (const id of ['a', 'b', 'c']) await world.one.register(registration(id));
    await world.two.register(registration('d'));
    world.clock.advance(2 * TTL_MS);
    expect(world.guardSetting).toBe(true);
    world.running.delete(world.one);
    expect(world.two.guardActive).toBe(true);
    world.clock.advance(2 * REMOVAL_MS);
    expect(world.two.size).toBe(4);
    world.clock.advance(600_000);
    expect(world.guardSetting).toBe(false);
  });
});
