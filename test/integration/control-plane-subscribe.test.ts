import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import {
  DrainNodeRequest,
  Endpoint,
  GetRoutingConfigRequest,
  GetStatsRequest,
  ListNodesRequest,
  ListPlanesRequest,
  Node,
  NodeState,
  NodeStats,
  Protocol,
  RegisterRequest,
  ReportStatsRequest,
  RoutingConfig,
  Transport,
  UpdateRoutingConfigRequest,
  toMs,
  type Delta,
  type PlaneStatus,
  type ReportStatsResponse,
  type Snapshot,
  type SubscribeResponse,
} from '../../proto';
import { callUnary } from '../../runtime/grpc';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

let control: TestControlPlane;
let planes: { close(): void }[];

beforeEach(async () => {
  planes = [];
  control = await startTestControlPlane({ set: ['control.lease.ttlMs=3000', 'control.lease.intervalMs=1000'] });
});

afterEach(async () => {
  for (const plane of planes) plane.close();
  await control.close();
});

function subscribe(...hello: ConstructorParameters<typeof FakePlane>[1][]): FakePlane {
  const plane = new FakePlane(control.planes, ...hello);
  planes.push(plane);
  return plane;
}

function register(nodeId: string): Promise<unknown> {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint] });
  return callUnary(control.nodes, control.nodes.register, RegisterRequest.create({ node }));
}

const received = (plane: FakePlane, count: number): Promise<true> =>
  until(`${count} responses are there`, () => plane.got.length >= count) as Promise<true>;

const snapshot = ({ content }: SubscribeResponse): Snapshot | undefined =>
  content?.$case === 'snapshot' ? content.value : undefined;
const delta = ({ content }: SubscribeResponse): Delta | undefined =>
  content?.$case === 'delta' ? content.value : undefined;

async function planeStatus(planeId: string): Promise<PlaneStatus | undefined> {
  const { planes: found } = await callUnary(control.admin, control.admin.listPlanes, ListPlanesRequest.create({}));
  return found.find((plane) => plane.planeId === planeId);
}

describe('a plane', () => {
  it('gets a snapshot, acks it, gets each change as a delta, and shows what it holds', async () => {
    await register('app1');
    const plane = subscribe({});
    await received(plane, 1);
    const first = snapshot(plane.last);
    expect(first?.nodes.map(({ nodeId, state, pool }) => [nodeId, state, pool])).toEqual([
      ['app1', NodeState.ACTIVE, 'default'],
    ]);
    expect(first?.configs.map(({ protocol, algorithm }) => [protocol, algorithm])).toEqual([
      [Protocol.SIP, 'call-id-affinity'],
      [Protocol.HTTP, 'round-robin'],
      [Protocol.SMPP, 'round-robin'],
    ]);
    expect(toMs(first?.settings?.leaseTtl)).toBe(3000);
    expect(first?.settings?.hintKeys).toEqual([{ keyId: 'a', secret: expect.any(Buffer) as Buffer }]);
    expect(first?.settings?.hintKeys[0]?.secret).toHaveLength(32);
    const base = plane.last.revision;
    plane.ack();
    await register('app2');
    await received(plane, 2);
    expect(delta(plane.last)).toMatchObject({ base, upserts: [{ nodeId: 'app2' }], removals: [] });
    plane.ack();
    await until('the ack shows', async () => (await planeStatus('p1'))?.acked?.index === plane.last.revision?.index);
    expect(await planeStatus('p1')).toMatchObject({ connected: true, lagging: false, rejections: [] });
  });

  it('resumes with a delta over a new stream', async () => {
    await register('app1');
    const before = subscribe({});
    await received(before, 1);
    before.ack();
    before.close();
    await until('it is gone', async () => (await planeStatus('p1'))?.connected === false);
    await register('app2');
    const plane = subscribe({ resumeFrom: before.last.revision });
    await received(plane, 1);
    expect(delta(plane.last)?.upserts.map(({ nodeId }) => nodeId)).toEqual(['app2']);
  });

  it('from another lineage waits for the start grace, one from nowhere does not', async () => {
    const holder = subscribe({ planeId: 'holder', resumeFrom: { lineage: 'other', index: 9 } });
    const fresh = subscribe({ planeId: 'fresh' });
    await received(fresh, 1);
    expect(holder.got).toEqual([]);
    await received(holder, 1);
    expect(snapshot(holder.last)).toBeDefined();
  });

  it.each<[string, (plane: FakePlane) => void, status]>([
    ['an ack before its hello', (plane) => plane.ack(1), status.FAILED_PRECONDITION],
    ['a second hello', (plane) => (plane.hello(), plane.hello()), status.FAILED_PRECONDITION],
    ['a wrong nonce', (plane) => (plane.hello(), plane.ack(7)), status.FAILED_PRECONDITION],
    ['an empty message', (plane) => plane.send(undefined), status.INVALID_ARGUMENT],
    ['no protocol', (plane) => plane.hello({ protocol: Protocol.UNSPECIFIED }), status.INVALID_ARGUMENT],
    ['no name', (plane) => plane.hello({ planeId: '' }), status.INVALID_ARGUMENT],
  ])('that sends %s is refused', async (_what, act, code) => {
    const plane = subscribe();
    act(plane);
    await until('the stream ends', () => plane.error);
    expect(plane.error?.code).toBe(code);
  });

  it('whose id another stream takes is told', async () => {
    const old = subscribe({});
    await received(old, 1);
    subscribe({});
    await until('the old stream ends', () => old.error);
    expect(old.error?.code).toBe(status.ABORTED);
  });

  it('is told when the control plane closes', async () => {
    const plane = subscribe({});
    await received(plane, 1);
    await control.service.close();
    await until('the stream ends', () => plane.error);
    expect(plane.error?.code).toBe(status.UNAVAILABLE);
  });
});

const update = (config: Partial<RoutingConfig>, rest: Partial<UpdateRoutingConfigRequest> = {}) =>
  callUnary(
    control.admin,
    control.admin.updateRoutingConfig,
    UpdateRoutingConfigRequest.create({
      config: RoutingConfig.create({ protocol: Protocol.SIP, ...config }),
      ...rest,
    }),
  );

describe('the routing config', () => {
  it('changes live and reaches the planes', async () => {
    const plane = subscribe({});
    await received(plane, 1);
    plane.ack();
    const { config } = await update({ algorithm: 'round-robin' });
    await received(plane, 2);
    expect(delta(plane.last)?.configs).toEqual([config]);
    const request = GetRoutingConfigRequest.create({ protocol: Protocol.SIP });
    const held = await callUnary(control.admin, control.admin.getRoutingConfig, request);
    expect(held.configs).toEqual([config]);
  });

  it('is refused when a connected plane lacks the algorithm or a parameter, and names the plane', async () => {
    const plane = subscribe({ planeId: 'sip-7' });
    await received(plane, 1);
    for (const config of [
      { algorithm: 'header-hash' },
      { algorithm: 'round-robin', parameters: new Map([['maxEntries', '1']]) },
    ]) {
      await expect(update(config)).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: expect.stringContaining('sip-7') as string,
      });
    }
    await update({ algorithm: 'call-id-affinity', parameters: new Map([['maxEntries', '10']]) });
  });

  it('does not ask planes of other protocols', async () => {
    const plane = subscribe({ protocol: Protocol.HTTP });
    await received(plane, 1);
    const { config } = await update({ algorithm: 'header-hash' });
    expect(config?.algorithm).toBe('header-hash');
  });

  it.each<[string, Partial<RoutingConfig>]>([
    ['no protocol', { protocol: Protocol.UNSPECIFIED, algorithm: 'round-robin' }],
    ['no algorithm', { algorithm: '' }],
    ['a bad pool', { algorithm: 'round-robin', pool: 'a/b' }],
    ['a threshold above 100', { algorithm: 'round-robin', panicThresholdPercent: 101 }],
  ])('is refused with %s', async (_what, config) => {
    await expect(update(config)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('is not overwritten by one who has seen an older one', async () => {
    const { config } = await update({ algorithm: 'round-robin' });
    const etag = String(config?.changedIndex);
    await update({ algorithm: 'least-sessions' }, { etag });
    await expect(update({ algorithm: 'header-hash' }, { etag })).rejects.toMatchObject({ code: status.ABORTED });
  });

  it('can be tried without being changed', async () => {
    const before = await callUnary(control.admin, control.admin.listPlanes, ListPlanesRequest.create({}));
    await update({ algorithm: 'header-hash' }, { validateOnly: true });
    const after = await callUnary(control.admin, control.admin.listPlanes, ListPlanesRequest.create({}));
    expect(after.revision).toEqual(before.revision);
  });
});

function reporter(): ClientDuplexStream<ReportStatsRequest, ReportStatsResponse> & { answers: number } {
  const stream = Object.assign(control.planes.reportStats(), { answers: 0 });
  stream.on('data', () => void (stream.answers += 1));
  stream.on('error', () => undefined);
  planes.push({ close: () => stream.cancel() });
  return stream;
}

const report = (incarnation: string, startMs: number, requests: number, activeSessions = 0): ReportStatsRequest =>
  ReportStatsRequest.create({
    planeId: 'p1',
    incarnation,
    protocol: Protocol.SIP,
    startTime: new Date(startMs),
    nodes: [NodeStats.create({ nodeId: 'app1', requests, activeSessions })],
    counters: new Map([['sip.external.requests.INVITE', requests]]),
    gauges: new Map([['sip.calls', activeSessions]]),
  });

describe('figures', () => {
  it('are cumulative over a restart of a plane, in GetStats and on /lbstat', async () => {
    const before = reporter();
    before.write(report('i1', 1000, 10));
    await until('the report is taken', () => before.answers === 1);
    before.cancel();
    const after = reporter();
    after.write(report('i2', 2000, 3));
    await until('the report is taken', () => after.answers === 1);
    const stats = await callUnary(control.admin, control.admin.getStats, GetStatsRequest.create({}));
    expect(stats.counters.get('sip.external.requests.INVITE')).toBe(13);
    expect(stats.nodes).toMatchObject([{ nodeId: 'app1', requests: 13 }]);
    const page = JSON.parse((await control.page('/lbstat')).text) as { Metrics: Record<string, unknown> };
    expect(page.Metrics).toMatchObject({ NumberOfRequestsProcessed: 13, nodes: { app1: { requests: 13 } } });
  });

  it('end a drain: when the plane has applied it and reports no sessions', async () => {
    await register('app1');
    const plane = subscribe({});
    await received(plane, 1);
    plane.ack();
    const stats = reporter();
    stats.write(report('i1', 1000, 1, 1));
    await until('the report is taken', () => stats.answers === 1);
    await callUnary(control.admin, control.admin.drainNode, DrainNodeRequest.create({ nodeId: 'app1' }));
    await received(plane, 2);
    plane.ack();
    const first = async () =>
      (await callUnary(control.admin, control.admin.listNodes, ListNodesRequest.create({}))).nodes[0];
    expect(await first()).toMatchObject({ activeSessions: 1, node: { state: NodeState.DRAINING } });
    const beat = setInterval(() => stats.write(report('i1', 1000, 1, 0)), 100);
    try {
      await until('the drain ends', async () => (await first())?.node?.state === NodeState.MAINTENANCE);
    } finally {
      clearInterval(beat);
    }
  });
});
