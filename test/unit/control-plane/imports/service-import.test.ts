import { ServiceImport, nodeFromInstance } from '../../../../control-plane/imports';
import { Registry } from '../../../../control-plane/registry';
import { MemoryStore } from '../../../../control-plane/store';
import { Node, NodeState, Protocol, Transport } from '../../../../proto';
import { systemClock } from '../../../../runtime/clock';
import { loadConfig, type ImportConfig } from '../../../../runtime/config';
import type { ServiceInstance } from '../../../../runtime/consul';
import { Counters } from '../../../../runtime/counters';
import { silentLogger } from '../../../../runtime/logger';
import { FakeClock } from '../../../support/fake-clock';
import { FakeConsul } from '../../../support/fake-consul';
import { until } from '../../../support/until';

function configured(text = '{ service: web, ports: { http: port } }'): ImportConfig {
  const [config] = loadConfig({ set: [`control.import=[${text}]`] }).control.import;
  if (config === undefined) throw new Error('no import');
  return config;
}

const WEB: ServiceInstance = {
  id: 'web-1',
  agent: 'host1',
  host: '10.0.0.1',
  port: 8080,
  tags: [],
  meta: { weight: '50', version: '2.1', jvm_route: 'r1', sip_udp: '5080' },
  well: true,
};

describe('an instance of a Consul service', () => {
  it('is a node with ports, weight, version and jvmRoute of its metadata', () => {
    const config = configured('{ service: web, pool: blue, ports: { http: port, sipUdp: meta.sip_udp, smpp: 2775 } }');
    expect(nodeFromInstance(WEB, config)).toMatchObject({
      nodeId: 'web-1.host1',
      pool: 'blue',
      weight: 50,
      softwareVersion: '2.1',
      jvmRoute: 'r1',
      endpoints: [
        { protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.1', port: 5080 },
        { protocol: Protocol.HTTP, transport: Transport.TCP, host: '10.0.0.1', port: 8080 },
        { protocol: Protocol.SMPP, transport: Transport.TCP, host: '10.0.0.1', port: 2775 },
      ],
    });
  });

  it.each<[string, Partial<ServiceInstance>, string]>([
    ['a host name', { host: 'web.example.org' }, 'not an IP address'],
    ['an id that no node may have', { id: 'web:1' }, 'no node id'],
    ['no port', { port: 0 }, 'none of the ports'],
    ['a weight that is none', { meta: { weight: 'much' } }, 'meta.weight'],
  ])('with %s is none, and it is said why', (_what, change, reason) => {
    expect(nodeFromInstance({ ...WEB, ...change }, configured())).toContain(reason);
  });

  it.each([
    ['{ service: web, ports: {} }', 'at least one port'],
    ['{ service: web, ports: { http: prot } }', 'expected port, meta.NAME or a number'],
    ['{ ports: { http: port } }', 'service'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => configured(text)).toThrow(message);
  });
});

class World {
  /** Of leases. */
  readonly clock = new FakeClock();
  readonly consul = new FakeConsul();
  readonly store = new MemoryStore('lineage', this.clock);
  readonly registry: Registry = new Registry({
    store: this.store,
    clock: this.clock,
    logger: silentLogger(),
    counters: new Counters(),
    lease: { ttlMs: 6000, removalDelayMs: 60_000 },
    guard: { percent: 30, minNodes: 2, maxMs: 600_000 },
    newLeaseId: () => 'lease',
    holderId: 'me',
    isHolderAlive: () => true,
    planes: () => [],
  });
  #imports: ServiceImport[] = [];

  constructor() {
    this.clock.every(this.registry.sweepIntervalMs, () => this.registry.sweep());
  }

  import(text?: string): void {
    const shared = { clock: systemClock, random: () => 0, logger: silentLogger(), registry: this.registry };
    this.#imports.push(new ServiceImport({ ...shared, config: configured(text), client: this.consul.client() }));
  }

  async register(id: string, tags: readonly string[] = []): Promise<void> {
    this.consul.tags.set(id, tags);
    const check = { http: 'http://10.0.0.1/' };
    await this.consul.client().register({ name: 'web', id, host: '10.0.0.1', port: 8080, meta: {}, check });
  }

  states(): Record<string, NodeState> {
    return Object.fromEntries(this.registry.list().map(({ node }) => [node.nodeId, node.state]));
  }

  async becomes(states: Record<string, NodeState>): Promise<void> {
    const wanted = JSON.stringify(states);
    await until(`the nodes are ${wanted}`, () => JSON.stringify(this.states()) === wanted);
  }

  async close(): Promise<void> {
    for (const one of this.#imports) await one.close();
  }
}

const { ACTIVE, SUSPECT } = NodeState;

describe('an imported service', () => {
  let world: World;

  beforeEach(async () => {
    world = new World();
    await world.register('a');
    await world.register('b');
  });

  afterEach(() => world.close());

  it('is nodes while its checks pass; one that fails gets no new work, and goes in time', async () => {
    world.import();
    await world.becomes({ 'a.agent1': ACTIVE, 'b.agent1': ACTIVE });
    world.consul.setWell('b', false);
    await world.becomes({ 'a.agent1': ACTIVE, 'b.agent1': SUSPECT });
    world.clock.advance(61_000);
    await world.becomes({ 'a.agent1': ACTIVE });
    world.consul.setWell('b', true);
    await world.becomes({ 'a.agent1': ACTIVE, 'b.agent1': ACTIVE });
    expect(world.registry.get('b.agent1')?.record.source).toBe('consul');
  });

  it('whose instance leaves the catalog loses that node, and keeps the last ones when the catalog reads empty', async () => {
    world.import();
    await world.becomes({ 'a.agent1': ACTIVE, 'b.agent1': ACTIVE });
    await world.consul.client().deregister('b');
    await world.becomes({ 'a.agent1': ACTIVE, 'b.agent1': SUSPECT });
    world.clock.advance(61_000);
    await world.consul.client().deregister('a');
    await until('it was asked again', () => world.consul.catalogReads > 2);
    world.clock.advance(120_000);
    expect(world.states()).toEqual({ 'a.agent1': ACTIVE });
  });

  it('may be chosen by a tag', async () => {
    await world.register('c', ['blue']);
    world.import('{ service: web, tag: blue, ports: { http: port } }');
    await world.becomes({ 'c.agent1': ACTIVE });
    expect(world.registry.get('c.agent1')?.node.labels.get('consul.import')).toBe('web#blue');
  });

  it('takes no id of a node that registered by itself', async () => {
    const endpoints = [{ protocol: Protocol.SIP, transport: Transport.UDP, host: '10.0.0.9', port: 5080 }];
    const node = Node.create({ nodeId: 'a.agent1', incarnation: 'i', endpoints });
    await world.registry.register({ node, peerHost: '10.0.0.9', source: 'grpc', traceparent: '' });
    world.import();
    await world.becomes({ 'a.agent1': ACTIVE, 'b.agent1': ACTIVE });
    expect(world.registry.get('a.agent1')?.record.source).toBe('grpc');
  });
});
