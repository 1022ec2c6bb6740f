import { status } from '@grpc/grpc-js';
import { startNodeAgent, type NodeAgent } from '../../node-agent';
import {
  Endpoint,
  ListNodesRequest,
  Node,
  NodeState,
  Protocol,
  Transport,
  type NodeStatus,
  type WatchAssignmentsResponse,
} from '../../proto';
import { systemClock } from '../../runtime/clock';
import { callUnary } from '../../runtime/grpc';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { until } from '../support/until';

const SET = ['control.startGraceMs=0', 'control.lease.ttlMs=600', 'control.lease.intervalMs=100'];

let control: TestControlPlane;
const agents: NodeAgent[] = [];

beforeEach(async () => {
  control = await startTestControlPlane({ set: SET });
});

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await control.close();
});

function start(id: string): NodeAgent {
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  const agent = startNodeAgent({
    node: Node.create({ nodeId: id, incarnation: `${id}-1`, endpoints: [endpoint] }),
    controlPlanes: [control.service.addresses['grpc'] ?? ''],
    insecure: false,
    logger: silentLogger(),
    telemetry: noTelemetry,
    clock: systemClock,
    random: Math.random,
    load: () => ({ activeSessions: 3, utilization: undefined }),
  });
  agents.push(agent);
  return agent;
}

async function nodes(): Promise<readonly NodeStatus[]> {
  return (await callUnary(control.admin, control.admin.listNodes, ListNodesRequest.create())).nodes;
}

test('a node stays ACTIVE for many TTLs while its agent lives', async () => {
  const agent = start('app1');
  await until('it is registered', () => agent.state === NodeState.ACTIVE);
  const end = performance.now() + 2000;
  await until('three TTLs have passed', () => performance.now() > end);
  expect((await nodes()).map(({ node }) => node?.state)).toEqual([NodeState.ACTIVE]);
});

test('keys are pinned and sessions moved in the name of the node', async () => {
  const [app1, app2] = ['app1', 'app2'].map(start) as [NodeAgent, NodeAgent];
  await until('both are registered', () => app1.connected && app2.connected);
  const got: WatchAssignmentsResponse[] = [];
  const watch = control.planes.watchAssignments({ planeId: 'p1' });
  watch.on('data', (response: WatchAssignmentsResponse) => got.push(response));
  watch.on('error', () => undefined);
  await app2.bindSessions(['call-1', 'call-2'], 60_000);
  await app2.switchover('app1', 'app2');
  await until('planes hear of both', () => got.some(({ moves }) => moves.length > 0));
  const assignments = got.flatMap((response) => response.assignments);
  expect(assignments.map(({ key, nodeId }) => [key, nodeId])).toEqual([
    ['call-1', 'app2'],
    ['call-2', 'app2'],
  ]);
  expect(got.flatMap(({ moves }) => moves)).toEqual([{ fromNodeId: 'app1', toNodeId: 'app2' }]);
  await expect(app2.switchover('nobody', 'app2')).rejects.toMatchObject({ code: status.NOT_FOUND });
  watch.cancel();
});

test('close removes the node at once', async () => {
  const agent = start('app1');
  await until('it is registered', () => agent.state === NodeState.ACTIVE);
  await agent.close();
  expect(await nodes()).toEqual([]);
});

test('a restarted control plane soon has all its nodes again', async () => {
  const all = ['app1', 'app2', 'app3'].map(start);
  await until('all are registered', () => all.every((agent) => agent.connected));
  const [grpc = ''] = [control.service.addresses['grpc']];
  await control.close();
  await until('all noticed', () => all.every((agent) => !agent.connected));
  control = await startTestControlPlane({ set: [...SET, `control.grpc.port=${grpc.split(':')[1]}`] });
  await until('all are back', async () => (await nodes()).length === 3, 10_000);
  expect((await nodes()).every(({ node }) => node?.state === NodeState.ACTIVE)).toBe(true);
});
