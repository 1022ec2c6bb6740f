import { AlgorithmCatalog } from '../../../../data-plane';
import { Replica } from '../../../../data-plane/agent';
import {
  ClusterSettings,
  Delta,
  Protocol,
  Revision,
  RoutingConfig,
  Snapshot,
  SubscribeResponse,
  Transport,
  type Node,
} from '../../../../proto';
import { testNode } from '../../../support/fake-core';

const endpoint = (port = 5060) => ({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port });
const at = (index: number, lineage = 'one') => Revision.create({ lineage, index });
const routing = (algorithm: string, protocol: Protocol = Protocol.SIP) => RoutingConfig.create({ protocol, algorithm });

function snapshot(revision: Revision, nodes: readonly Node[], rest: Partial<Snapshot> = {}): SubscribeResponse {
  const value = Snapshot.create({
    nodes: [...nodes],
    configs: [routing('round-robin')],
    settings: ClusterSettings.create(),
    ...rest,
  });
  return SubscribeResponse.create({ nonce: 1, revision, content: { $case: 'snapshot', value } });
}

function delta(revision: Revision, base: Revision, rest: Partial<Delta>): SubscribeResponse {
  return SubscribeResponse.create({
    nonce: 2,
    revision,
    content: { $case: 'delta', value: Delta.create({ base, ...rest }) },
  });
}

const catalog = new AlgorithmCatalog();
const create = () =>
  new Replica({
    protocol: Protocol.SIP,
    checkConfig: (config) => void catalog.create(config, { random: Math.random }),
  });
const ids = (replica: Replica) => [...replica.state.nodes.keys()];

describe('Replica', () => {
  it('takes all pages of a snapshot at once, after the last', () => {
    const replica = create();
    expect(replica.apply(snapshot(at(5), [testNode('a', [endpoint()])], { more: true })).kind).toBe('page');
    expect(ids(replica)).toEqual([]);
    expect(replica.apply(snapshot(at(5), [testNode('b', [endpoint()])])).kind).toBe('state');
    expect(ids(replica)).toEqual(['a', 'b']);
  });

  it('drops the pages of a stream that broke', () => {
    const replica = create();
    replica.apply(snapshot(at(5), [testNode('a', [endpoint()])], { more: true }));
    replica.startStream();
    replica.apply(snapshot(at(6), [testNode('b', [endpoint()])]));
    expect(ids(replica)).toEqual(['b']);
  });

  it('applies a delta on its base', () => {
    const replica = create();
    replica.apply(snapshot(at(5), [testNode('a', [endpoint()]), testNode('b', [endpoint()])]));
    const result = replica.apply(delta(at(7), at(5), { upserts: [testNode('c', [endpoint()])], removals: ['a'] }));
    expect(result).toMatchObject({ kind: 'state', rejections: [] });
    expect(ids(replica)).toEqual(['b', 'c']);
    expect(replica.state.revision?.index).toBe(7);
  });

  it.each([
    ['a delta on another base', delta(at(9), at(4), {})],
    ['a delta of another lineage', delta(at(9, 'two'), at(5, 'two'), {})],
    ['a lower index of the same lineage', snapshot(at(3), [])],
    ['a response without revision', SubscribeResponse.create({ nonce: 1 })],
  ])('breaks the stream on %s and keeps the state', (_what, response) => {
    const replica = create();
    replica.apply(snapshot(at(5), [testNode('a', [endpoint()])]));
    expect(replica.apply(response).kind).toBe('broken');
    expect(ids(replica)).toEqual(['a']);
  });

  it('takes a new lineage as a snapshot, whatever its index', () => {
    const replica = create();
    replica.apply(snapshot(at(500), [testNode('a', [endpoint()])]));
    expect(replica.apply(snapshot(at(1, 'two'), [testNode('b', [endpoint()])])).kind).toBe('state');
    expect(ids(replica)).toEqual(['b']);
  });

  it('rejects bad nodes one by one, keeps their old value and takes the good ones', () => {
    const replica = create();
    replica.apply(snapshot(at(5), [testNode('a', [endpoint(5060)])]));
    const result = replica.apply(
      delta(at(6), at(5), { upserts: [testNode('a', [endpoint(0)]), testNode('b', [endpoint()])] }),
    );
    expect(result).toMatchObject({ kind: 'state', rejections: [{ resource: { $case: 'nodeId', value: 'a' } }] });
    expect(replica.state.nodes.get('a')?.endpoints[0]?.port).toBe(5060);
    expect(ids(replica)).toEqual(['a', 'b']);
  });

  it('rejects a config that it cannot run and keeps the old one', () => {
    const replica = create();
    replica.apply(snapshot(at(5), []));
    const result = replica.apply(delta(at(6), at(5), { configs: [routing('no-such-algorithm')] }));
    expect(result).toMatchObject({ kind: 'state', rejections: [{ resource: { $case: 'pool', value: 'default' } }] });
    expect(replica.state.configs.get('default')?.algorithm).toBe('round-robin');
  });

  it('leaves the configs of other protocols alone', () => {
    const replica = create();
    const result = replica.apply(
      snapshot(at(5), [], { configs: [routing('header-hash'), routing('whatever', Protocol.HTTP)] }),
    );
    expect(result).toMatchObject({ kind: 'state', rejections: [] });
    expect([...replica.state.configs.values()].map(({ algorithm }) => algorithm)).toEqual(['header-hash']);
  });
});
