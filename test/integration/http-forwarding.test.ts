import type { ServerResponse } from 'node:http';
import { NodeState } from '../../proto';
import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { RawServer } from '../support/raw-http';
import { until } from '../support/until';

const backends: HttpBackend[] = [];
let fixture: HttpPlaneFixture;
let backendOf: Readonly<Record<string, HttpBackend>>;

beforeEach(async () => {
  backends.push(await HttpBackend.start('app1'), await HttpBackend.start('app2'));
  backendOf = Object.fromEntries(backends.map((backend) => [backend.id, backend]));
  fixture = await httpPlane(backends.map(({ id, port }) => httpNode(id, port)));
});

afterEach(async () => {
  await fixture.plane.close();
  await Promise.all(backends.splice(0).map((backend) => backend.close()));
});

test('200 requests are spread evenly and counted exactly', async () => {
  for (let i = 0; i < 200; i += 1) {
    const method = i % 4 === 0 ? 'POST' : 'GET';
    const { status } = await fetchAll(`${fixture.origin}/`, { method, ...(method === 'POST' ? { body: 'ping' } : {}) });
    expect(status).toBe(200);
  }
  expect(backends.map(({ requests }) => requests)).toEqual([100, 100]);
  expect(fixture.counter('http.requests.GET')).toBe(150);
  expect(fixture.counter('http.requests.POST')).toBe(50);
  expect(fixture.counter('http.responses.200')).toBe(200);
  for (const id of ['app1', 'app2']) {
    const live = fixture.core.table.get(id)?.live;
    expect(live?.requests).toBe(100);
    expect(live?.failures).toBe(0);
    await until('no request is in flight', () => live?.activeSessions === 0);
  }
  expect(fixture.gauge('http.connections')).toBeGreaterThan(0);
  // Heads count too: each request and each answer is more than 100 bytes.
  expect(fixture.counter('http.bytes.toServer')).toBeGreaterThan(20_000);
  expect(fixture.counter('http.bytes.toClient')).toBeGreaterThan(20_000);
});

test('the jvmRoute of JSESSIONID holds all requests of a session at its node', async () => {
  for (let i = 0; i < 50; i += 1) {
    const { node } = await fetchAll(`${fixture.origin}/`, { headers: { Cookie: 'JSESSIONID=x.app1' } });
    expect(node).toBe('app1');
  }
  expect(backendOf['app2']?.requests).toBe(0);
});

test('a draining node gets no new session and keeps its old ones', async () => {
  fixture.core.setNodes(
    backends.map(({ id, port }) =>
      httpNode(id, port, { state: id === 'app1' ? NodeState.DRAINING : NodeState.ACTIVE }),
    ),
  );
  for (let i = 0; i < 20; i += 1) expect((await fetchAll(fixture.origin)).node).toBe('app2');
  expect((await fetchAll(fixture.origin, { headers: { Cookie: 'JSESSIONID=x.app1' } })).node).toBe('app1');
});

test('header-hash sends one affinity key to one node and spreads many', async () => {
  fixture.core.setAlgorithm('header-hash');
  const nodes = new Map<string, string | null>();
  for (let i = 0; i < 40; i += 1) nodes.set(`k${i}`, (await fetchAll(`${fixture.origin}/?appsession=k${i}`)).node);
  for (const [key, node] of nodes) {
    expect((await fetchAll(`${fixture.origin}/?appsession=${key}`)).node).toBe(node);
    expect(node).toBe(fixture.core.balancer.choose('default', key)?.id);
  }
  expect(new Set(nodes.values()).size).toBe(2);
});

test('no node: 503 with Retry-After', async () => {
  fixture.core.setNodes([]);
  const { status, headers } = await fetchAll(`${fixture.origin}/a`);
  expect([status, headers.get('retry-after')]).toEqual([503, '5']);
  expect(fixture.counter('http.rejects.noNode')).toBe(1);
});

test('no node and an unavailableHost: 302 to the same path there', async () => {
  const other = await httpPlane([], { unavailableHost: 'sorry.example.com' });
  const { status, headers } = await fetchAll(`${other.origin}/a//b?c=%20d`);
  await other.plane.close();
  expect([status, headers.get('location')]).toEqual([302, 'http://sorry.example.com/a//b?c=%20d']);
});

test('a node that refuses the connection costs nothing: the body reaches the other one', async () => {
  const refusing = await RawServer.start();
  const { port } = refusing;
  await refusing.close();
  fixture.core.setNodes([httpNode('app1', port), httpNode('app2', backendOf['app2']?.port ?? 0)]);
  for (let i = 0; i < 4; i += 1) {
    const { node, body } = await fetchAll(fixture.origin, { method: 'POST', body: 'x'.repeat(100_000) });
    expect([node, body.length]).toEqual(['app2', 100_000]);
  }
  expect(fixture.core.table.get('app1')?.live.failures).toBeGreaterThan(0);
});

test('no node takes a connection: 502', async () => {
  const refusing = await RawServer.start();
  const { port } = refusing;
  await refusing.close();
  fixture.core.setNodes([httpNode('app1', port), httpNode('app2', port)]);
  expect((await fetchAll(fixture.origin)).status).toBe(502);
});

test('a node that is silent is given up in time: 504', async () => {
  const silent = await RawServer.start();
  const other = await httpPlane([httpNode('app1', silent.port)], { responseTimeoutMs: 100 });
  expect((await fetchAll(other.origin)).status).toBe(504);
  expect(other.counter('http.rejects.nodeTimeout')).toBe(1);
  await until('the node is left', () => silent.open === 0);
  await other.plane.close();
  await silent.close();
});

test('a node that closes without an answer: 502', async () => {
  const rude = await RawServer.start(({ socket }) => socket.destroy());
  fixture.core.setNodes([httpNode('app1', rude.port)]);
  expect((await fetchAll(fixture.origin, { method: 'POST', body: 'x' })).status).toBe(502);
  expect(rude.connections).toHaveLength(1);
  await rude.close();
});

test('closing finishes the request in flight and accepts no more', async () => {
  const held: ServerResponse[] = [];
  const slow = await HttpBackend.start('slow', (_request, response) => void held.push(response));
  const other = await httpPlane([httpNode('slow', slow.port)]);
  const inFlight = fetchAll(other.origin);
  await until('the node has the request', () => slow.requests === 1);
  const closed = other.plane.close();
  await expect(fetchAll(other.origin)).rejects.toThrow('fetch failed');
  held[0]?.end('late');
  expect((await inFlight).body).toBe('late');
  await closed;
  await slow.close();
});

test('a port in use is one clear error', async () => {
  await expect(httpPlane([], { listen: { host: '127.0.0.1', port: fixture.port } })).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
  });
});

test('a node that answers 500 five times in a row gets no more requests, nor those of its sessions', async () => {
  const broken = await HttpBackend.start('broken', (_request, response) => void response.writeHead(500).end());
  fixture.core.setNodes([httpNode('broken', broken.port), httpNode('app1', backendOf['app1']?.port ?? 0)]);
  const statuses: number[] = [];
  for (let i = 0; i < 40; i += 1) statuses.push((await fetchAll(fixture.origin)).status);
  expect(statuses.filter((status) => status === 500)).toHaveLength(5);
  expect((await fetchAll(fixture.origin, { headers: { Cookie: 'JSESSIONID=x.broken' } })).node).toBe('app1');
  expect(fixture.counter('http.ejections')).toBe(1);
  await broken.close();
});

test('our own cookie holds a client at the node of its first answer', async () => {
  const other = await httpPlane(
    backends.map(({ id, port }) => httpNode(id, port)),
    { stickyCookie: 'LB' },
  );
  const first = await fetchAll(other.origin);
  const cookie = first.headers.get('set-cookie') ?? '';
  expect(cookie).toBe(`LB=${first.node}; Path=/; HttpOnly`);
  for (let i = 0; i < 5; i += 1) {
    const { node, headers } = await fetchAll(other.origin, { headers: { Cookie: `LB=${first.node}` } });
    expect([node, headers.get('set-cookie')]).toEqual([first.node, null]);
  }
  await other.plane.close();
});
