import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListNodesRequest, NodeState, type NodeStatus } from '../../proto';
import { callUnary } from '../../runtime/grpc';
import { startTestControlPlane, type TestControlPlane } from '../support/control-plane';
import { freePort } from '../support/free-port';
import { until } from '../support/until';

let control: TestControlPlane;

beforeEach(async () => {
  control = await startTestControlPlane({
    set: ['control.jsonHeartbeat.port=0', 'control.lease.ttlMs=600', 'control.lease.intervalMs=100'],
  });
});

afterEach(() => control.close());

async function post(body: unknown, raw?: string): Promise<{ status: number; reply: Record<string, string> }> {
  const response = await fetch(`http://${control.service.addresses['heartbeat']}/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: raw ?? JSON.stringify(body),
  });
  return { status: response.status, reply: (await response.json()) as Record<string, string> };
}

const start = (rest: Record<string, unknown> = {}) =>
  post({ start: { hostName: 'app1', ip: '127.0.0.1', udpPort: '5080', httpPort: '8080', sessionId: 1, ...rest } });
const say = (kind: string, sessionId: unknown = 1) => post({ [kind]: { sessionId } });

async function nodes(): Promise<NodeStatus[]> {
  return (await callUnary(control.admin, control.admin.listNodes, ListNodesRequest.create({}))).nodes;
}

const states = async (): Promise<Record<string, NodeState | undefined>> =>
  Object.fromEntries((await nodes()).map(({ node }) => [node?.nodeId, node?.state]));

describe("a node with the predecessor's heartbeat", () => {
  it('starts, lives by its heartbeats, and stops', async () => {
    expect(await start()).toEqual({ status: 200, reply: { start: 'OK' } });
    const [found] = await nodes();
    expect(found).toMatchObject({ source: 'http', node: { nodeId: 'app1', state: NodeState.ACTIVE } });
    expect(found?.node?.endpoints.map(({ port }) => port)).toEqual([5080, 8080]);
    let answered = 0;
    const beat = setInterval(() => void say('heartbeat').then(() => (answered += 1)), 100);
    try {
      await until('more heartbeats are answered than a TTL has', () => answered >= 9);
    } finally {
      clearInterval(beat);
    }
    expect(await states()).toEqual({ app1: NodeState.ACTIVE });
    expect(await say('heartbeat')).toEqual({ status: 200, reply: { heartbeat: 'OK' } });
    expect(await say('stop')).toEqual({ status: 200, reply: { stop: 'OK' } });
    expect(await nodes()).toEqual([]);
  });

  it('that falls silent becomes SUSPECT, and its next heartbeat brings it back', async () => {
    await start();
    await until('it is SUSPECT', async () => (await states())['app1'] === NodeState.SUSPECT);
    expect((await say('heartbeat')).status).toBe(200);
    expect(await states()).toEqual({ app1: NodeState.ACTIVE });
  });

  it('of an unknown session is told to start again', async () => {
    expect(await say('heartbeat', 99)).toMatchObject({ status: 404, reply: { heartbeat: 'NOK' } });
    expect(await say('shutdown', 99)).toMatchObject({ status: 404, reply: { shutdown: 'NOK' } });
  });

  it('names its session by number or by text alike', async () => {
    await start({ sessionId: 42 });
    expect((await say('heartbeat', '42')).status).toBe(200);
  });

  it('that shuts down drains, is answered meanwhile, and may stop', async () => {
    await start();
    await start({ hostName: 'app2', udpPort: '5081', httpPort: '8081', sessionId: 2 });
    expect((await say('shutdown')).reply).toEqual({ shutdown: 'OK' });
    await until('it is gone: no plane is connected', async () => !('app1' in (await states())));
    expect((await say('heartbeat')).status).toBe(404);
    expect(await states()).toHaveProperty('app2');
  });

  it('that restarts takes its place again at once, under a new session', async () => {
    await start({ sessionId: 1 });
    await start({ sessionId: 2 });
    expect((await say('heartbeat', 1)).status).toBe(404);
    expect((await say('heartbeat', 2)).status).toBe(200);
    expect(await states()).toEqual({ app1: NodeState.ACTIVE });
  });

  it('shares its host name with another server: both live', async () => {
    await start();
    await start({ udpPort: '6080', httpPort: '9080', sessionId: 2 });
    expect(Object.keys(await states())).toEqual(['app1', 'app1-127.0.0.1-6080']);
  });

  it('may not start under the session of another one that lives at its address', async () => {
    await start();
    expect(await start({ hostName: 'app2', udpPort: '5081', httpPort: '8081' })).toMatchObject({ status: 400 });
    expect(await states()).toEqual({ app1: NodeState.ACTIVE });
    await until('the first is SUSPECT', async () => (await states())['app1'] === NodeState.SUSPECT);
    expect(await start({ hostName: 'app2', udpPort: '5081', httpPort: '8081' })).toMatchObject({ status: 200 });
  });

  it('hands its sessions over', async () => {
    await start({ jvmRoute: 'r1' });
    await start({ hostName: 'app2', udpPort: '5081', httpPort: '8081', sessionId: 2 });
    const packet = { switchover: { fromJvmRoute: 'r1', toJvmRoute: 'app2' } };
    expect(await post(packet)).toEqual({ status: 200, reply: { switchover: 'OK' } });
    packet.switchover.toJvmRoute = 'ghost';
    expect(await post(packet)).toMatchObject({ status: 400, reply: { switchover: 'NOK' } });
  });

  it.each<[string, unknown, number]>([
    ['no JSON', undefined, 400],
    ['a list', [], 400],
    ['two keys', { start: {}, stop: {} }, 400],
    ['an unknown key', { begin: {} }, 400],
    ['a start without session', { start: { hostName: 'a', udpPort: '5080' } }, 400],
    ['a start without ports', { start: { hostName: 'a', sessionId: 1 } }, 400],
    ['a start with a null', { start: null }, 400],
    ['prototypes', { __proto__: null, constructor: { sessionId: 1 } }, 400],
  ])('that sends %s is refused', async (_what, body, code) => {
    expect((await post(body, body === undefined ? '{not json' : undefined)).status).toBe(code);
    expect(await nodes()).toEqual([]);
  });

  it('that names a heartbeatPort is told when the control plane stops, after the last packet is taken', async () => {
    const packets: unknown[] = [];
    const listener = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => packets.push(JSON.parse(text)));
      request.on('end', () => response.end('{"stop":"OK"}'));
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const { port } = listener.address() as AddressInfo;
    await start({ heartbeatPort: String(port) });
    await start({ hostName: 'app2', udpPort: '5081', httpPort: '8081', sessionId: 2 });
    const ours = Number(control.service.addresses['heartbeat']?.split(':')[1]);
    await control.close();
    listener.close();
    expect(packets).toEqual([{ stop: { ipAddress: '127.0.0.1', port: ours } }]);
    await expect(say('heartbeat')).rejects.toThrow('fetch failed');
  });

  it('that does not listen at its heartbeatPort holds nobody up', async () => {
    await start({ heartbeatPort: String(await freePort()) });
    const before = performance.now();
    await control.close();
    expect(performance.now() - before).toBeLessThan(2500);
  });

  it('that sends too much is refused', async () => {
    const big = { start: { hostName: 'x'.repeat(70_000) } };
    expect((await post(big)).status).toBe(413);
  });
});

it('is off unless a port is configured', async () => {
  const plain = await startTestControlPlane();
  expect(plain.service.addresses).not.toHaveProperty('heartbeat');
  await plain.close();
});
