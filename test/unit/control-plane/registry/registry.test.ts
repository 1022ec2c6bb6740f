import { Registry, type PlaneProgress, type Registration } from '../../../../control-plane/registry';
import { MemoryStore, SETTINGS_KEY, settingsOf } from '../../../../control-plane/store';
import { ClusterSettings, Endpoint, Node, NodeState, Protocol, StoredValue, Transport } from '../../../../proto';
import { Counters } from '../../../../runtime/counters';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';

const TTL_MS = 6000;
const REMOVAL_MS = 60_000;

class World {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore('lineage', this.clock);
  planes: PlaneProgress[] = [];
  #leases = 0;
  readonly registry = new Registry({
    store: this.store,
    clock: this.clock,
    logger: silentLogger(),
    counters: new Counters(),
    lease: { ttlMs: TTL_MS, removalDelayMs: REMOVAL_MS },
    guard: { percent: 30, minNodes: 2, maxMs: 600_000 },
    newLeaseId: () => `lease-${(this.#leases += 1)}`,
    holderId: 'me',
    isHolderAlive: () => true,
    planes: () => this.planes,
  });

  constructor() {
    const content = { $case: 'settings', value: ClusterSettings.create({}) } as const;
    void this.store.compareAndSet(SETTINGS_KEY, StoredValue.create({ content }), 0);
    this.clock.every(this.registry.sweepIntervalMs, () => this.registry.sweep());
  }

  async register(id: string, more: Partial<Registration> & { incarnation?: string } = {}): Promise<string> {
    const { incarnation = 'i1', ...rest } = more;
    const { lease } = await this.registry.register({
      node: node(id, { incarnation }),
      peerHost: '10.0.0.1',
      source: 'grpc',
      traceparent: '',
      ...rest,
    });
    return lease.id;
  }

  /** Moves time on while these leases are kept alive. */
  pass(ms: number, ...leases: string[]): void {
    for (let left = ms; left > 0; left -= 1000) {
      for (const lease of leases) this.registry.renew(lease);
      this.clock.advance(Math.min(1000, left));
    }
  }

  state(id: string): NodeState | undefined {
    return this.registry.get(id)?.node.state;
  }

  get guardSetting(): boolean | undefined {
    return settingsOf(this.store.get(SETTINGS_KEY)?.value)?.guardActive;
  }
}

function node(id: string, rest: Partial<Node> = {}): Node {
  return Node.create({ nodeId: id, incarnation: 'i1', endpoints: [endpoint({})], ...rest });
}

const refused = (reason: string) => expect.objectContaining({ reason });

describe('leases', () => {
  it('keep a node ACTIVE while heartbeats come', async () => {
    const world = new World();
    const lease = await world.register('app1');
    world.pass(60_000, lease);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('make a silent node SUSPECT within the TTL and one sweep, and remove it after the removal delay', async () => {
    const world = new World();
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
    const world = new World();
    const lease = await world.register('app1');
    world.clock.advance(2 * TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    expect(world.registry.renew(lease)).toBe(NodeState.ACTIVE);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.clock.advance(2 * TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });

  it('answer undefined to a lease that was never granted or is over', async () => {
    const world = new World();
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 0, '');
    expect(world.registry.renew(lease)).toBeUndefined();
    expect(world.registry.renew('other')).toBeUndefined();
  });

  it('survive a stall of the control plane itself, and still end one TTL later', async () => {
    const world = new World();
    await world.register('app1');
    world.clock.advance(1000);
    world.clock.freeze(60_000);
    world.clock.advance(1000);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
    world.clock.advance(TTL_MS);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });

  it('are not prolonged by a stall that a heartbeat notices before the sweep does', async () => {
    const world = new World();
    const lease = await world.register('app1');
    world.clock.advance(1000);
    world.clock.freeze(3_600_000);
    world.registry.renew(lease);
    world.clock.advance(TTL_MS + 2 * world.registry.sweepIntervalMs);
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
  });

  it('touch the store only when a state changes', async () => {
    const world = new World();
    const lease = await world.register('app1');
    const { index } = world.store;
    world.pass(30_000, lease);
    expect(world.store.index).toBe(index);
  });
});

function endpoint(rest: Partial<Endpoint>): Endpoint {
  return Endpoint.create({
    protocol: Protocol.SIP,
    transport: Transport.UDP,
    host: '10.0.0.1',
    port: 5080,
    ...rest,
  });
}

describe('registering', () => {
  it('is idempotent on id and incarnation', async () => {
    const world = new World();
    const first = await world.register('app1');
    const { index } = world.store;
    expect(await world.register('app1')).toBe(first);
    expect(world.store.index).toBe(index);
  });

  it('again with other endpoints replaces the node under the same lease', async () => {
    const world = new World();
    const first = await world.register('app1');
    const again = await world.registry.register({
      node: node('app1', { weight: 7 }),
      peerHost: '10.0.0.1',
      source: 'grpc',
      traceparent: '',
    });
    expect(again.lease.id).toBe(first);
    expect(world.registry.get('app1')?.node.weight).toBe(7);
  });

  it('works at once for a restart on the same host within the TTL; the old lease ends', async () => {
    const world = new World();
    const old = await world.register('app1');
    const lease = await world.register('app1', { incarnation: 'i2' });
    expect(lease).not.toBe(old);
    expect(world.registry.renew(old)).toBeUndefined();
    expect(world.registry.renew(lease)).toBe(NodeState.ACTIVE);
    expect(world.registry.get('app1')?.node.incarnation).toBe('i2');
  });

  it('refuses the process that a newer one has replaced, so that two under one id do not take turns', async () => {
    const world = new World();
    await world.register('app1', { incarnation: 'i1' });
    await world.register('app1', { incarnation: 'i2' });
    await expect(world.register('app1', { incarnation: 'i1' })).rejects.toEqual(refused('INCARNATION_REPLACED'));
  });

  it('refuses an id that a live process at another address holds, and takes it once that is SUSPECT', async () => {
    const world = new World();
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
    ['node.endpoints', { endpoints: Array.from({ length: 17 }, () => node('a').endpoints).flat() }],
    ['node.endpoints[0].host', { endpoints: [endpoint({ host: 'example.org' })] }],
    ['node.endpoints[0].host', { endpoints: [endpoint({ host: '[::1]' })] }],
    ['node.endpoints[0].port', { endpoints: [endpoint({ port: 0 })] }],
    ['node.endpoints[0].port', { endpoints: [endpoint({ port: 65_536 })] }],
    ['node.endpoints[0].protocol', { endpoints: [endpoint({ protocol: Protocol.UNSPECIFIED })] }],
    ['node.endpoints[0].transport', { endpoints: [endpoint({ transport: Transport.UNRECOGNIZED })] }],
    ['node.jvm_route', { jvmRoute: 'a;b' }],
  ])('names the bad field %s', async (field, rest) => {
    const world = new World();
    const bad = rest === undefined ? undefined : node('app1', rest);
    await expect(world.register('app1', { node: bad })).rejects.toMatchObject({ reason: 'INVALID', facts: { field } });
    expect(world.registry.size).toBe(0);
  });

  it('stops at 10 000 nodes', async () => {
    const world = new World();
    for (let i = 0; i < 10_000; i += 1) await world.register(`n${i}`);
    await expect(world.register('one-more')).rejects.toEqual(refused('TOO_MANY_NODES'));
    await world.register('n1');
  });
});

async function cluster(size: number): Promise<{ world: World; leases: string[] }> {
  const world = new World();
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

const plane = (rest: Partial<PlaneProgress> = {}): PlaneProgress => ({
  key: 'sip-1/i',
  answeredIndex: Number.MAX_SAFE_INTEGER,
  reportedAtMs: Number.NEGATIVE_INFINITY,
  sessionsOf: () => 0,
  ...rest,
});

describe('a drain', () => {
  it('ends in MAINTENANCE once each plane has applied it and reported no sessions since', async () => {
    const world = new World();
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
    const world = new World();
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
    const world = new World();
    const lease = await world.register('app1');
    await world.register('app2');
    await world.registry.drain('app1', 600_000, '');
    await world.registry.drain('app2', 0, '');
    expect(world.state('app2')).toBe(NodeState.MAINTENANCE);
    world.pass(1000, lease);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
  });

  it('survives a restart of the node, and resume ends it', async () => {
    const world = new World();
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
    const world = new World();
    await world.register('app1');
    await world.registry.drain('app1', 0, '');
    world.clock.advance(TTL_MS + 2 * REMOVAL_MS);
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
    await world.register('app1', { incarnation: 'i2', peerHost: '10.0.0.9' });
    expect(world.state('app1')).toBe(NodeState.MAINTENANCE);
  });

  it('that is resumed while the node is silent leaves it SUSPECT, and it is removed in time', async () => {
    const world = new World();
    await world.register('app1');
    await world.registry.drain('app1', 0, '');
    world.clock.advance(2 * TTL_MS);
    await world.registry.resume('app1', '');
    expect(world.state('app1')).toBe(NodeState.SUSPECT);
    world.clock.advance(REMOVAL_MS + 1000);
    expect(world.state('app1')).toBeUndefined();
  });

  it('by the node itself ends in its removal', async () => {
    const world = new World();
    world.planes = [plane({ sessionsOf: () => 1 })];
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 10_000, '');
    expect(world.state('app1')).toBe(NodeState.DRAINING);
    expect(world.registry.renew(lease)).toBeUndefined();
    world.clock.advance(11_000);
    expect(world.state('app1')).toBeUndefined();
  });

  it('by the node itself is forgotten when it comes back', async () => {
    const world = new World();
    world.planes = [plane({ sessionsOf: () => 1 })];
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 10_000, '');
    const back = await world.register('app1', { incarnation: 'i2' });
    world.pass(20_000, back);
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });

  it('of an unknown node is refused', async () => {
    const world = new World();
    await expect(world.registry.drain('ghost', 1000, '')).rejects.toEqual(refused('NODE_UNKNOWN'));
    await expect(world.registry.resume('ghost', '')).rejects.toEqual(refused('NODE_UNKNOWN'));
    await expect(world.registry.remove('ghost', '')).rejects.toEqual(refused('NODE_UNKNOWN'));
  });
});

describe('leaving', () => {
  it('removes the node at once when it asks for no drain, and twice is no fault', async () => {
    const world = new World();
    const lease = await world.register('app1');
    await world.registry.deregister(lease, 0, '');
    await world.registry.deregister(lease, 0, '');
    expect(world.registry.size).toBe(0);
  });

  it('by an operator ends the lease, so that a live node registers again', async () => {
    const world = new World();
    const lease = await world.register('app1');
    await world.registry.remove('app1', '');
    expect(world.registry.renew(lease)).toBeUndefined();
    await world.register('app1');
    expect(world.state('app1')).toBe(NodeState.ACTIVE);
  });
});
