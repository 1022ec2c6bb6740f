import { status } from '@grpc/grpc-js';
import { joinCluster, startNodeAgent, type NodeAgent, type NodeAgentOptions } from '../../node-agent';
import { Node, NodeState, toMs } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry, startTelemetry } from '../../runtime/telemetry';
import { startFakeNodeService, type FakeNodeService } from '../support/fake-node-service';
import { until } from '../support/until';

let service: FakeNodeService;
let agent: NodeAgent | undefined;

beforeEach(async () => {
  service = await startFakeNodeService();
});

afterEach(async () => {
  await agent?.close();
  agent = undefined;
  await service.close();
});

function start(options: Partial<NodeAgentOptions> = {}): NodeAgent {
  agent = startNodeAgent({
    node: Node.create({ nodeId: 'app1', incarnation: 'i1' }),
    controlPlanes: [service.address],
    insecure: false,
    logger: silentLogger(),
    telemetry: noTelemetry,
    clock: systemClock,
    random: () => 0.1,
    ...options,
  });
  return agent;
}

test('registers and then sends heartbeats of its lease and load at the interval that the server gave', async () => {
  start({ load: () => ({ activeSessions: 7, utilization: undefined }) });
  await until('five heartbeats came', () => service.heartbeats.length >= 5);
  expect(service.registers).toHaveLength(1);
  expect(service.registers[0]?.node?.nodeId).toBe('app1');
  expect(service.heartbeats.every(({ leaseId, load }) => leaseId === 'lease-1' && load?.activeSessions === 7)).toBe(
    true,
  );
});

test('joinCluster needs an id, endpoints and an address, and makes up the incarnation', async () => {
  agent = joinCluster({ node: { nodeId: 'app7', endpoints: [] }, controlPlanes: [service.address] });
  await until('it beats', () => service.heartbeats.length > 0);
  expect(service.registers[0]?.node).toMatchObject({
    nodeId: 'app7',
    incarnation: expect.stringMatching(/^.{36}$/) as string,
  });
});

test('a drain by the operator reaches the node with the next heartbeat', async () => {
  const states: NodeState[] = [];
  start({ onState: (state) => states.push(state) });
  await until('it is active', () => states.includes(NodeState.ACTIVE));
  service.state = NodeState.DRAINING;
  await until('it hears of the drain', () => states.includes(NodeState.DRAINING));
  expect(agent?.state).toBe(NodeState.DRAINING);
});

test('registers again when its lease is not known any more', async () => {
  start();
  await until('it beats', () => service.heartbeats.length > 0);
  service.known = false;
  await until('it registered again', () => service.registers.length === 2);
  await until('it beats with the new lease', () => service.heartbeats.some(({ leaseId }) => leaseId === 'lease-2'));
  expect(agent?.state).toBe(NodeState.ACTIVE);
});

test('a broken stream is opened again under the same lease', async () => {
  start();
  await until('it beats', () => service.heartbeats.length > 0);
  service.breakStreams();
  const before = service.heartbeats.length;
  await until('it beats again', () => service.heartbeats.length > before + 2);
  expect(service.registers).toHaveLength(1);
  expect(service.openStreams).toBe(1);
});

test('a control plane that takes heartbeats and answers none is left before the lease ends', async () => {
  start();
  await until('it is connected', () => agent?.connected && service.heartbeats.length > 0);
  service.mute = true;
  await until('it noticed', () => agent?.connected === false);
  service.mute = false;
  await until('it is connected again', () => agent?.connected);
  expect(service.registers).toHaveLength(1);
});

test('comes back by itself when the control plane was killed and started again', async () => {
  start();
  await until('it beats', () => service.heartbeats.length > 0);
  const port = Number(service.address.split(':')[1]);
  await service.close();
  await until('it noticed', () => agent?.connected === false);
  service = await startFakeNodeService({ port });
  service.known = false;
  await until('it is connected', () => agent?.connected);
  expect(service.registers).toHaveLength(1);
});

test('goes on to the next control plane when the first does not answer', async () => {
  const gone = await startFakeNodeService();
  await gone.close();
  start({ controlPlanes: [gone.address, service.address], random: () => 0.999 });
  await until('it is connected to the second', () => agent?.connected);
  expect(service.registers).toHaveLength(1);
});

test('a node that the control plane will never take is told so, and tried again', async () => {
  const reasons: string[] = [];
  service.refuse = { code: status.INVALID_ARGUMENT, details: 'node_id: expected 1-64 characters' };
  start({ onRefused: (reason) => reasons.push(reason) });
  await until('it was refused twice', () => reasons.length >= 2);
  expect(reasons[0]).toBe('node_id: expected 1-64 characters');
  service.refuse = undefined;
  await until('it is in', () => agent?.connected);
});

test('close gives the lease up, at once or after a drain', async () => {
  const first = start();
  await until('it beats', () => service.heartbeats.length > 0);
  await Promise.all([first.close(), first.close()]);
  expect(service.deregisters.map(({ leaseId, drainTimeout }) => [leaseId, toMs(drainTimeout)])).toEqual([
    ['lease-1', 0],
  ]);
  expect(service.openStreams).toBe(0);

  const second = start();
  await until('it registered', () => second.state === NodeState.ACTIVE);
  await second.close(30_000);
  expect(toMs(service.deregisters[1]?.drainTimeout)).toBe(30_000);
});

test('close during the registration gives up the lease that it grants', async () => {
  const starting = start();
  await starting.close();
  expect(service.registers).toHaveLength(1);
  expect(service.deregisters).toHaveLength(1);
});

test('the registration is the root of a trace that the control plane can join', async () => {
  const telemetry = await startTelemetry({
    serviceName: 'test',
    instanceId: 'i1',
    traceRatio: 0,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' },
  });
  start({ telemetry });
  await until('it registered', () => service.registers.length === 1);
  expect(service.traceparents[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  await agent?.close();
  await telemetry.close().catch(() => undefined);
});
