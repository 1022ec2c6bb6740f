import { ServiceImport, nodeFromInstance } from '../../../../control-plane/imports';
import { Node, NodeState, Protocol, Transport } from '../../../../proto';
import { systemClock } from '../../../../runtime/clock';
import { loadConfig, type ImportConfig } from '../../../../runtime/config';
import type { ServiceInstance } from '../../../../runtime/consul';
import { silentLogger } from '../../../../runtime/logger';
import { FakeConsul } from '../../../support/fake-consul';
import { RegistryWorld } from '../../../support/registry-world';
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

class World extends RegistryWorld {
  readonly consul = new FakeConsul();
  #imports: ServiceImport[] = [];

  import(text?: string): void {
    const shared = { clock: systemClock, random: () => 0, logger: silentLogger(), registry: this.registry };
    this.#imports.push(new ServiceImport({ ...shared, config: configured(text), client: this.consul.client() }));
  }

  async list(id: string, tags: readonly string[] = []): Promise<void> {
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
    await world.list('a');
    await world.list('b');
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
    await world.list('c', ['blue']);
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
