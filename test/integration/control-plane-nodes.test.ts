import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import {
  DeregisterRequest,
  DrainNodeRequest,
  Endpoint,
  HeartbeatRequest,
  KeepAliveRequest,
  ListNodesRequest,
  Node,
  NodeState,
  Protocol,
  RegisterRequest,
  RemoveNodeRequest,
  ReportNodeSignalsRequest,
  ResumeNodeRequest,
  SipHeartbeat,
  Transport,
  WatchNodesRequest,
  fromMs,
  toMs,
  type KeepAliveResponse,
  type NodeStatus,
  type RegisterResponse,
  type WatchNodesResponse,
} from '../../proto';
import { callUnary, errorReason } from '../../runtime/grpc';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { until } from '../support/until';

let control: TestControlPlane;
const streams: { cancel(): void; on(event: 'error', listener: () => void): unknown }[] = [];

beforeEach(async () => {
  control = await startTestControlPlane({ set: ['control.lease.ttlMs=600', 'control.lease.intervalMs=100'] });
});

afterEach(async () => {
  for (const stream of streams.splice(0)) {
    stream.on('error', () => undefined);
    stream.cancel();
  }
  await control.close();
});

function register(nodeId: string, rest: Partial<Node> = {}): Promise<RegisterResponse> {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint], ...rest });
  return callUnary(control.nodes, control.nodes.register, RegisterRequest.create({ node }));
}

async function list(): Promise<NodeStatus[]> {
  return (await callUnary(control.admin, control.admin.listNodes, ListNodesRequest.create({}))).nodes;
}

async function stateOf(nodeId: string): Promise<NodeState | undefined> {
  return (await list()).find(({ node }) => node?.nodeId === nodeId)?.node?.state;
}

function keepAlive(): {
  stream: ClientDuplexStream<KeepAliveRequest, KeepAliveResponse>;
  got: KeepAliveResponse[];
} {
  const stream = control.nodes.keepAlive();
  const got: KeepAliveResponse[] = [];
  stream.on('data', (response: KeepAliveResponse) => void got.push(response));
  streams.push(stream);
  return { stream, got };
}

describe('a node', () => {
  it('registers, is kept alive by its stream and told when it is drained', async () => {
    const { leaseId, leaseTtl, heartbeatInterval, state } = await register('app1');
    expect([toMs(leaseTtl), toMs(heartbeatInterval), state]).toEqual([600, 100, NodeState.ACTIVE]);
    const { stream, got } = keepAlive();
    const beat = setInterval(() => stream.write(KeepAliveRequest.create({ leaseId })), 100);
    try {
      await until('a heartbeat is answered', () => got.at(-1)?.state === NodeState.ACTIVE);
      const drain = DrainNodeRequest.create({ nodeId: 'app1' });
      await callUnary(control.admin, control.admin.drainNode, drain);
      await until('the drain reaches the node', () => got.at(-1)?.state === NodeState.MAINTENANCE);
      const resume = ResumeNodeRequest.create({ nodeId: 'app1' });
      await callUnary(control.admin, control.admin.resumeNode, resume);
      await until('the node works again', () => got.at(-1)?.state === NodeState.ACTIVE);
      expect(got.every(({ known }) => known)).toBe(true);
    } finally {
      clearInterval(beat);
    }
  });

  it('that falls silent becomes SUSPECT, and one late heartbeat brings it back', async () => {
    const { leaseId } = await register('app1');
    await until('it is SUSPECT', async () => (await stateOf('app1')) === NodeState.SUSPECT);
    const answer = await callUnary(control.nodes, control.nodes.heartbeat, HeartbeatRequest.create({ leaseId }));
    expect(answer.state).toBe(NodeState.ACTIVE);
  });

  it('lives on when its stream breaks: only the TTL is a death', async () => {
    const { leaseId } = await register('app1');
    const { stream, got } = keepAlive();
    stream.write(KeepAliveRequest.create({ leaseId }));
    await until('the heartbeat is answered', () => got.length === 1);
    stream.on('error', () => undefined);
    stream.cancel();
    expect(await stateOf('app1')).toBe(NodeState.ACTIVE);
  });

  it('with an unknown lease is told to register again', async () => {
    const { stream, got } = keepAlive();
    stream.write(KeepAliveRequest.create({ leaseId: 'never' }));
    await until('there is an answer', () => got.length === 1);
    expect(got[0]).toMatchObject({ leaseId: 'never', known: false });
    const heartbeat = callUnary(control.nodes, control.nodes.heartbeat, HeartbeatRequest.create({ leaseId: 'never' }));
    await expect(heartbeat).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  it('that cannot be is refused with the field at fault', async () => {
    await expect(register('a b')).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining('node.node_id') as string,
    });
  });

  it('that is refused learns the reason as a word and facts', async () => {
    await register('app1');
    await register('app1', { incarnation: 'i2' });
    const refused = await register('app1').catch(errorReason);
    expect(refused).toEqual({
      reason: 'INCARNATION_REPLACED',
      domain: 'triplane',
      metadata: new Map([['node_id', 'app1']]),
    });
  });

  it('leaves at once, and again without fault', async () => {
    const { leaseId } = await register('app1');
    const request = DeregisterRequest.create({ leaseId });
    await callUnary(control.nodes, control.nodes.deregister, request);
    await callUnary(control.nodes, control.nodes.deregister, request);
    expect(await list()).toEqual([]);
  });

  it('that sends SIP heartbeats is registered by them', async () => {
    const properties = new Map([
      ['hostname', 'asterisk-1'],
      ['udpPort', '5080'],
      ['httpPort', '8080'],
    ]);
    const heartbeat = SipHeartbeat.create({ sourceHost: '127.0.0.9', sourcePort: 5080, properties });
    const request = ReportNodeSignalsRequest.create({ planeId: 'sip-1', sipHeartbeats: [heartbeat] });
    await callUnary(control.planes, control.planes.reportNodeSignals, request);
    const [found] = await list();
    expect(found).toMatchObject({ source: 'sip', node: { nodeId: 'asterisk-1', state: NodeState.ACTIVE } });
    expect(found?.node?.endpoints.map(({ host, port }) => `${host}:${port}`)).toEqual([
      '127.0.0.9:5080',
      '127.0.0.9:8080',
    ]);
    await until('it is SUSPECT', async () => (await stateOf('asterisk-1')) === NodeState.SUSPECT);
    await callUnary(control.planes, control.planes.reportNodeSignals, request);
    expect(await stateOf('asterisk-1')).toBe(NodeState.ACTIVE);
  });
});

const page = (rest: Partial<ListNodesRequest>) =>
  callUnary(control.admin, control.admin.listNodes, ListNodesRequest.create(rest));

const drain = (ms: number) =>
  callUnary(control.admin, control.admin.drainNode, DrainNodeRequest.create({ nodeId: 'app1', timeout: fromMs(ms) }));

describe('an operator', () => {
  it('lists nodes in pages, by id and pool', async () => {
    for (const id of ['c', 'a', 'b']) await register(id, { pool: id === 'b' ? 'gold' : '' });
    const first = await page({ pageSize: 2 });
    expect(first.nodes.map(({ node }) => node?.nodeId)).toEqual(['a', 'b']);
    const second = await page({ pageSize: 2, pageToken: first.nextPageToken });
    expect(second.nodes.map(({ node }) => node?.nodeId)).toEqual(['c']);
    expect(second.nextPageToken).toBe('');
    expect((await page({ pool: 'gold' })).nodes.map(({ node }) => node?.nodeId)).toEqual(['b']);
  });

  it('watches nodes come, change and go', async () => {
    await register('app1');
    const got: WatchNodesResponse[] = [];
    const stream = control.admin.watchNodes(WatchNodesRequest.create({}));
    stream.on('data', (response: WatchNodesResponse) => void got.push(response));
    streams.push(stream);
    await until('the nodes of the moment are told', () => got.length === 1);
    expect(got[0]?.upserts.map(({ node }) => node?.nodeId)).toEqual(['app1']);
    await register('app2');
    await until('the new node is told', () => got.length === 2);
    expect(got[1]?.upserts.map(({ node }) => node?.nodeId)).toEqual(['app2']);
    await callUnary(control.admin, control.admin.removeNode, RemoveNodeRequest.create({ nodeId: 'app1' }));
    await until('the removal is told', () => got.some(({ removals }) => removals.includes('app1')));
  });

  it('is told that nothing is there', async () => {
    const got: WatchNodesResponse[] = [];
    const stream = control.admin.watchNodes(WatchNodesRequest.create({}));
    stream.on('data', (response: WatchNodesResponse) => void got.push(response));
    streams.push(stream);
    await until('an answer comes', () => got.length === 1);
    expect(got[0]).toMatchObject({ upserts: [], removals: [] });
  });

  it('drains with a time, or at once', async () => {
    await register('app1');
    expect((await drain(60_000)).node?.node?.state).toBe(NodeState.DRAINING);
    expect((await drain(0)).node?.node?.state).toBe(NodeState.MAINTENANCE);
    await expect(drain(-1000)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['drain', () => callUnary(control.admin, control.admin.drainNode, DrainNodeRequest.create({ nodeId: 'ghost' }))],
    ['resume', () => callUnary(control.admin, control.admin.resumeNode, ResumeNodeRequest.create({ nodeId: 'ghost' }))],
    ['remove', () => callUnary(control.admin, control.admin.removeNode, RemoveNodeRequest.create({ nodeId: 'ghost' }))],
  ])('is told NOT_FOUND when asked to %s a node that is not there', async (_what, call) => {
    await expect(call()).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});
