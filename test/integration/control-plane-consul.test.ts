import { status } from '@grpc/grpc-js';
import {
  DrainNodeRequest,
  Endpoint,
  HeartbeatRequest,
  ListNodesRequest,
  ListPlanesRequest,
  Node,
  NodeState,
  NodeStats,
  Protocol,
  RegisterRequest,
  ReportStatsRequest,
  Transport,
  type SubscribeResponse,
} from '../../proto';
import { ConsulAccess, type ConsulClient } from '../../runtime/consul';
import { systemClock } from '../../runtime/clock';
import { silentLogger } from '../../runtime/logger';
import { callUnary, errorReason } from '../../runtime/grpc';
import { describeWithConsul, startConsul, type ConsulAgent } from '../support/consul-agent';
import { consulSuite } from '../support/consul-suite';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

const nodesIn = ({ content }: SubscribeResponse): string[] =>
  content?.$case === 'snapshot' ? content.value.nodes.map(({ nodeId }) => nodeId).sort() : [];

const beat = (at: TestControlPlane, leaseId: string) =>
  callUnary(at.nodes, at.nodes.heartbeat, HeartbeatRequest.create({ leaseId }));

async function register(at: TestControlPlane, nodeId: string): Promise<string> {
  const endpoint = Endpoint.create({
    protocol: Protocol.SIP,
    transport: Transport.UDP,
    host: '127.0.0.1',
    port: 5080,
  });
  const node = Node.create({ nodeId, incarnation: 'i1', endpoints: [endpoint] });
  return (await callUnary(at.nodes, at.nodes.register, RegisterRequest.create({ node }))).leaseId;
}

async function states(at: TestControlPlane): Promise<Record<string, NodeState | undefined>> {
  const { nodes } = await callUnary(at.admin, at.admin.listNodes, ListNodesRequest.create({}));
  return Object.fromEntries(nodes.map(({ node }) => [node?.nodeId, node?.state]));
}

describeWithConsul('a real Consul', (binary) => {
  let agent: ConsulAgent;
  let open: { close(): unknown }[] = [];
  let prefixes = 0;

  beforeAll(async () => {
    agent = await startConsul(binary);
  });

  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.close();
  });

  afterAll(() => agent.close());

  describe('as Triplane uses it', () => {
    consulSuite(() => client());
  });

  function client(): ConsulClient {
    const settings = { address: `${agent.host}:${agent.port}` };
    return new ConsulAccess({ settings, what: 'test', clock: systemClock, logger: silentLogger() }).client();
  }

  function newPrefix(): string {
    prefixes += 1;
    return `t${prefixes}`;
  }

  async function control(prefix: string, incarnation?: string): Promise<TestControlPlane> {
    const set = [
      'control.store=consul',
      `control.consul.address=${agent.host}:${agent.port}`,
      `control.consul.prefix=${prefix}`,
    ];
    const started = await startTestControlPlane({ set, ...(incarnation && { incarnation }) });
    open.push(started);
    return started;
  }

  function subscribe(at: TestControlPlane): FakePlane {
    const plane = new FakePlane(at.planes, {});
    open.push(plane);
    return plane;
  }

  it('lets two control planes serve one cluster: a node of one reaches the planes of the other', async () => {
    const prefix = newPrefix();
    const [one, two] = [await control(prefix), await control(prefix)];
    const plane = subscribe(two);
    await until('the plane has its snapshot', () => plane.got.length === 1);
    plane.ack();
    await register(one, 'app1');
    await until('the plane has the node', () => plane.got.length === 2);
    await until('both show it', async () => 'app1' in (await states(two)));
    const revisions = await Promise.all(
      [one, two].map((at) => callUnary(at.admin, at.admin.listNodes, ListNodesRequest.create({}))),
    );
    expect(revisions[0]?.revision).toEqual(revisions[1]?.revision);
    expect(plane.last.revision).toEqual(revisions[0]?.revision);
  });

  it('lets a node go from one control plane to another, which then hears it', async () => {
    const prefix = newPrefix();
    const [one, two] = [await control(prefix), await control(prefix)];
    const first = await register(one, 'app1');
    await until('the other knows it', async () => 'app1' in (await states(two)));
    const second = await register(two, 'app1');
    await until('the first has let it go', () =>
      beat(one, first).then(
        () => false,
        (error: unknown) => errorReason(error)?.reason === 'LEASE_UNKNOWN',
      ),
    );
    expect((await beat(two, second)).state).toBe(NodeState.ACTIVE);
  });

  it('shows planes and figures of all, and ends a drain when the planes of the other have no sessions left', async () => {
    const prefix = newPrefix();
    const [one, two] = [await control(prefix), await control(prefix)];
    await register(one, 'app1');
    const plane = subscribe(two);
    let answered = 0;
    const stats = two.planes.reportStats();
    stats.on('data', () => undefined);
    stats.on('error', () => undefined);
    open.push({ close: () => stats.cancel() });
    let activeSessions = 1;
    const work = (): void => {
      if (plane.got.length > answered) plane.ack();
      answered = plane.got.length;
      const nodes = [NodeStats.create({ nodeId: 'app1', requests: 5, activeSessions })];
      const startTime = new Date(0);
      stats.write(
        ReportStatsRequest.create({ planeId: 'p1', incarnation: 'i1', startTime, observedAt: new Date(), nodes }),
      );
    };
    const working = setInterval(work, 100);
    open.push({ close: () => clearInterval(working) });
    const listed = async () => (await callUnary(one.admin, one.admin.listNodes, ListNodesRequest.create({}))).nodes[0];
    await until('one knows the sessions at the plane of two', async () => (await listed())?.activeSessions === 1);
    const planes = await callUnary(one.admin, one.admin.listPlanes, ListPlanesRequest.create({}));
    expect(planes).toMatchObject({ planes: [{ planeId: 'p1', connected: true }], missingControlPlanes: [] });
    await callUnary(one.admin, one.admin.drainNode, DrainNodeRequest.create({ nodeId: 'app1' }));
    const { index } = planes.revision ?? { index: 0 };
    await until('the plane has the drain', () => (plane.last.revision?.index ?? 0) > index);
    expect((await listed())?.node?.state).toBe(NodeState.DRAINING);
    activeSessions = 0;
    await until('the drain ends', async () => (await listed())?.node?.state === NodeState.MAINTENANCE);
  }, 30_000);

  it('keeps nodes, drains and algorithms over a restart of all control planes', async () => {
    const prefix = newPrefix();
    const one = await control(prefix);
    await register(one, 'app1');
    await callUnary(one.admin, one.admin.drainNode, DrainNodeRequest.create({ nodeId: 'app1' }));
    await one.close();
    open = open.filter((other) => other !== one);
    const two = await control(prefix);
    expect(Object.keys(await states(two))).toEqual(['app1']);
    await register(two, 'app1');
    expect((await states(two))['app1']).not.toBe(NodeState.ACTIVE);
  });

  it('when it stops answering: state stays, changes are refused, and all goes on afterwards', async () => {
    const one = await control(newPrefix());
    const leaseId = await register(one, 'app1');
    const plane = subscribe(one);
    await until('the plane has its snapshot', () => plane.got.length === 1);
    plane.ack();
    agent.freeze();
    try {
      await until(
        'changes are refused',
        () =>
          register(one, 'app2').then(
            () => false,
            (error: { code?: number }) => error.code === status.UNAVAILABLE,
          ),
        20_000,
      );
      expect(await states(one)).toEqual({ app1: NodeState.ACTIVE });
      const heartbeat = HeartbeatRequest.create({ leaseId });
      expect((await callUnary(one.nodes, one.nodes.heartbeat, heartbeat)).state).toBe(NodeState.ACTIVE);
    } finally {
      agent.thaw();
    }
    await until(
      'changes are taken again',
      () =>
        register(one, 'app2').then(
          () => true,
          () => false,
        ),
      20_000,
    );
    await until('the plane has it', () => plane.got.length === 2);
    expect(plane.error).toBeUndefined();
  }, 60_000);

  it('when it is wiped: no plane loses a node', async () => {
    const prefix = newPrefix();
    const one = await control(prefix);
    for (const id of ['app1', 'app2']) await register(one, id);
    const plane = subscribe(one);
    await until('the plane has its snapshot', () => plane.got.length === 1);
    plane.ack();
    const { lineage } = plane.last.revision ?? {};
    await fetch(`http://${agent.host}:${agent.port}/v1/kv/${prefix}?recurse`, { method: 'DELETE' });
    await until('the stream ends', () => plane.error);
    expect(errorReason(plane.error)?.reason).toBe('NEW_LINEAGE');
    const again = subscribe(one);
    await until('there is a snapshot', () => again.got.length === 1);
    expect(again.last.revision?.lineage).not.toBe(lineage);
    expect(nodesIn(again.last)).toEqual(['app1', 'app2']);
  });

  it('lists the control planes whose gRPC health check passes', async () => {
    await control(newPrefix(), 'cp-1');
    const asking = client();
    await until(
      'it is listed',
      async () => {
        const { instances } = await asking.instances('triplane-control-plane', 0, 0);
        return instances.some(({ meta, well }) => well && meta['incarnation'] === 'cp-1');
      },
      20_000,
    );
    asking.close();
  }, 30_000);
});

it('cannot be reached: the control plane says so and does not start', async () => {
  const set = ['control.store=consul', 'control.consul.address=127.0.0.1:1', 'control.consul.startTimeoutMs=300'];
  await expect(startTestControlPlane({ set })).rejects.toMatchObject({
    code: 'STORE_UNREACHABLE',
    message: expect.stringContaining('127.0.0.1:1') as string,
  });
});
