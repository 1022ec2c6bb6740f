import { runCommandLine } from '../../cli/program';
import { startNodeAgent, type NodeAgent } from '../../node-agent';
import { Endpoint, Node, NodeState, Protocol, Transport } from '../../proto';
import { systemClock } from '../../runtime/clock';
import { silentLogger } from '../../runtime/logger';
import { noTelemetry } from '../../runtime/telemetry';
import { capturedOutput } from '../support/captured-output';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { FakePlane } from '../support/fake-plane';
import { until } from '../support/until';

let control: TestControlPlane;
let plane: FakePlane;
let agent: NodeAgent;

beforeAll(async () => {
  control = await startTestControlPlane({ set: ['control.startGraceMs=0'] });
  plane = new FakePlane(control.planes, { planeId: 'sip-1' });
  const endpoint = Endpoint.create({ protocol: Protocol.SIP, transport: Transport.UDP, host: '127.0.0.1', port: 5080 });
  agent = startNodeAgent({
    node: Node.create({ nodeId: 'app1', incarnation: 'i1', endpoints: [endpoint], weight: 50, softwareVersion: '7' }),
    controlPlanes: [control.service.addresses['grpc'] ?? ''],
    insecure: false,
    logger: silentLogger(),
    telemetry: noTelemetry,
    clock: systemClock,
    random: Math.random,
  });
  await until('the node is registered and the plane subscribed', () => agent.connected && plane.got.length > 0);
});

afterAll(async () => {
  plane.close();
  await agent.close();
  await control.close();
});

function run(...args: readonly string[]): Promise<string> {
  return capturedOutput(() => runCommandLine([...args, '--admin', control.service.addresses['admin'] ?? '']));
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await run(...args, '--json')) as Record<string, unknown>;
}

test('nodes: one line for people, every field for programs', async () => {
  expect(await run('nodes')).toMatch(/^app1 +ACTIVE +default +50 +7 .*sip\/udp 127\.0\.0\.1:5080$/m);
  expect(await json('nodes')).toEqual({
    guardActive: false,
    nodes: [
      {
        nodeId: 'app1',
        state: 'ACTIVE',
        pool: 'default',
        weight: 50,
        version: '7',
        jvmRoute: 'app1',
        endpoints: [{ protocol: 'SIP', transport: 'UDP', address: '127.0.0.1:5080' }],
        labels: {},
        incarnation: 'i1',
        source: 'grpc',
        sessions: 0,
        requests: 0,
        failures: 0,
        lastHeardMs: expect.any(Number) as number,
        drainDeadline: null,
      },
    ],
  });
});

test('nodes --pool: only that pool; an empty list says what to do', async () => {
  expect(await run('nodes', '--pool', 'blue')).toMatch(/^no nodes; register one with "triplane node/);
});

test('planes: state, revision and algorithms', async () => {
  expect(await run('planes')).toMatch(/^sip-1 +SIP +CONNECTED .*round-robin, call-id-affinity/m);
  expect(await json('planes')).toMatchObject({ planes: [{ planeId: 'sip-1', protocol: 'SIP', state: 'CONNECTED' }] });
});

test('stats: figures of no plane yet are an empty table', async () => {
  expect(await run('stats')).toContain('FIGURE');
  expect(await json('stats')).toMatchObject({ counters: {}, nodes: [] });
});

test('drain, then resume: the node hears of both', async () => {
  expect(await run('drain', 'app1', '--timeout', '60')).toMatch(/^app1: DRAINING, 0 sessions left, until 20/);
  await until('the node knows', () => agent.state === NodeState.DRAINING);
  expect(await run('resume', 'app1')).toBe('app1: ACTIVE\n');
  await until('the node knows', () => agent.state === NodeState.ACTIVE);
});

test('drain --timeout 0 is MAINTENANCE at once', async () => {
  expect(await json('drain', 'app1', '--timeout', '0')).toMatchObject({ node: { state: 'MAINTENANCE' } });
  await run('resume', 'app1');
});

test('algorithm set: checked first, then changed, and shown by get', async () => {
  const set = ['algorithm', 'set', 'sip', 'call-id-affinity', '--param', 'maxEntries=7'];
  expect(await run(...set, '--dry-run')).toMatch(/would be accepted; nothing was changed$/m);
  const before = await json('algorithm', 'get', 'sip');
  expect(JSON.stringify(before)).not.toContain('maxEntries');
  expect(await run(...set)).toBe('sip/default: call-id-affinity -> call-id-affinity maxEntries=7\n');
  expect(await run('algorithm', 'get')).toMatch(/^sip +default +call-id-affinity +maxEntries=7$/m);
});

test('algorithm history and rollback: the config before is in force again', async () => {
  await run('algorithm', 'set', 'http', 'header-hash');
  expect(await run('algorithm', 'history', 'http')).toMatch(/^http +default +\d+ +20\S+ +round-robin +-$/m);
  expect(await run('algorithm', 'rollback', 'http')).toBe('http/default: round-robin\n');
  expect(await json('algorithm', 'get', 'http')).toMatchObject({ algorithms: [{ algorithm: 'round-robin' }] });
});

test('algorithm set: what a plane cannot do is refused in the words of the control plane', async () => {
  await expect(run('algorithm', 'set', 'sip', 'fastest')).rejects.toMatchObject({
    code: 'REQUEST_REFUSED',
    message: expect.stringMatching(/fastest/) as string,
  });
});

test.each([['drain'], ['resume'], ['remove']])('%s of an unknown node names it', async (command) => {
  await expect(run(command, 'app9')).rejects.toMatchObject({
    code: 'REQUEST_REFUSED',
    message: expect.stringContaining('app9') as string,
  });
});

test('remove: a live node comes back by itself', async () => {
  expect(await run('remove', 'app1')).toMatch(/^app1: removed/);
  expect(await json('nodes')).toMatchObject({ nodes: [] });
  await until('it registered again', async () => ((await json('nodes'))['nodes'] as unknown[]).length === 1);
  expect(agent.state).toBe(NodeState.ACTIVE);
});

test('nobody at the address: one clear error', async () => {
  const nobody = await startTestControlPlane();
  const address = nobody.service.addresses['admin'] ?? '';
  await nobody.close();
  await expect(runCommandLine(['nodes', '--admin', address])).rejects.toMatchObject({
    code: 'CONTROL_PLANE_UNREACHABLE',
    message: expect.stringContaining(address) as string,
  });
});

test('log-level: of the control plane, of a plane of its own, of all; an unknown one is refused by name', async () => {
  expect(await run('log-level', 'SILENT')).toBe('log level silent: control-plane\n');
  expect(await json('log-level', 'info', '--plane', 'sip-1')).toEqual({ level: 'info', changed: ['sip-1'] });
  expect(await json('log-level', 'silent', '--all')).toEqual({ level: 'silent', changed: ['control-plane', 'sip-1'] });
  await expect(run('log-level', 'debug', '--plane', 'sip-9')).rejects.toThrow(
    /NOT_FOUND: plane sip-9 is not connected/,
  );
});
