import { LiveRegistry, NodeTable, type PlaneNode } from '../../../../data-plane';
import { ClusterSettings, NodeState, Protocol, RoutingConfig, Transport, fromMs, type Node } from '../../../../proto';
import { testNode } from '../../../support/fake-core';

const sip = { protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5060 };
const http = { protocol: Protocol.HTTP, transport: Transport.TCP, host: '127.0.0.1', port: 80 };

function table(
  nodes: readonly Node[],
  rest: { guardActive?: boolean; panic?: number; lives?: LiveRegistry } = {},
): NodeTable {
  return new NodeTable(
    {
      revision: undefined,
      nodes: new Map(nodes.map((node) => [node.nodeId, node])),
      configs: new Map([
        ['default', RoutingConfig.create({ algorithm: 'round-robin', panicThresholdPercent: rest.panic })],
      ]),
      settings: ClusterSettings.create({ leaseTtl: fromMs(6000), guardActive: rest.guardActive ?? false }),
    },
    Protocol.SIP,
    rest.lives ?? new LiveRegistry(),
  );
}

const names = (nodes: readonly PlaneNode[]) => nodes.map(({ id }) => id).join();

describe('NodeTable', () => {
  it('holds only nodes of its protocol, sorted by id', () => {
    expect(names(table([testNode('z', [sip]), testNode('w', [http]), testNode('a', [http, sip])]).nodes)).toBe('a,z');
  });

  it.each([
    [NodeState.ACTIVE, true, true],
    [NodeState.DRAINING, false, true],
    [NodeState.SUSPECT, false, false],
    [NodeState.MAINTENANCE, false, false],
  ])('answers for a node that is %s: new work %s, old work %s', (state, takesNew, keepsOld) => {
    const one = table([testNode('a', [sip], { state })]);
    const node = one.get('a') as PlaneNode;
    expect(one.takesNewWork(node, 50_000)).toBe(takesNew);
    expect(one.keepsOldWork(node, 50_000)).toBe(keepsOld);
    expect(names(one.pool('default').fresh)).toBe(takesNew ? 'a' : '');
  });

  it('lets a SUSPECT node keep old work for one lease TTL after the plane heard from it', () => {
    const one = table([testNode('a', [sip], { state: NodeState.SUSPECT })]);
    const node = one.get('a') as PlaneNode;
    node.live.heardAtMs = 50_000;
    expect(one.keepsOldWork(node, 56_000)).toBe(true);
    expect(one.keepsOldWork(node, 56_001)).toBe(false);
  });

  it('keeps SUSPECT nodes usable while the mass-removal guard is up', () => {
    const one = table([testNode('a', [sip], { state: NodeState.SUSPECT })], { guardActive: true });
    expect(one.keepsOldWork(one.get('a') as PlaneNode, 99_999)).toBe(true);
    expect(names(one.pool('default').fresh)).toBe('a');
  });

  it('gives no new work to a node of weight 0', () => {
    expect(names(table([testNode('a', [sip], { weight: 0 }), testNode('b', [sip])]).pool('default').fresh)).toBe('b');
  });

  it('uses all registered nodes when fewer than the panic threshold are usable', () => {
    const nodes = [
      testNode('a', [sip]),
      testNode('b', [sip], { state: NodeState.SUSPECT }),
      testNode('c', [sip], { state: NodeState.SUSPECT }),
      testNode('d', [sip], { state: NodeState.MAINTENANCE }),
    ];
    expect(names(table(nodes, { panic: 50 }).pool('default').fresh)).toBe('a,b,c');
    expect(names(table(nodes, { panic: 25 }).pool('default').fresh)).toBe('a');
  });

  it('keeps the figures of a node across tables, even when it left between them', () => {
    const lives = new LiveRegistry();
    const live = table([testNode('a', [sip])], { lives }).get('a')?.live;
    if (live !== undefined) live.requests = 5;
    table([], { lives });
    expect(table([testNode('a', [sip], { incarnation: 'i2' })], { lives }).get('a')?.live.requests).toBe(5);
  });

  it('groups nodes by pool, and gives a pool without a config the default one', () => {
    const one = table([testNode('a', [sip]), testNode('b', [sip], { pool: 'gold' })]);
    expect(names(one.pool('gold').nodes)).toBe('b');
    expect(one.pool('gold').config?.algorithm).toBe('round-robin');
    expect(one.pool('none').fresh).toEqual([]);
  });
});
