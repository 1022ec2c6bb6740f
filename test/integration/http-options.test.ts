import { loadConfig, type HttpConfig } from '../../runtime/config';
import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { until } from '../support/until';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function backend(...args: Parameters<typeof HttpBackend.start>): Promise<HttpBackend> {
  const started = await HttpBackend.start(...args);
  closers.push(() => started.close());
  return started;
}

async function plane(nodes: Parameters<typeof httpPlane>[0], config: Partial<HttpConfig>): Promise<HttpPlaneFixture> {
  const fixture = await httpPlane(nodes, config);
  closers.push(() => fixture.plane.close());
  return fixture;
}

/** The rules of a configuration file. */
function rules(...rewrite: object[]): HttpConfig['rewrite'] {
  return loadConfig({ set: [`http.rewrite=${JSON.stringify(rewrite)}`] }).http.rewrite;
}

test('rewrite rules change the target before a node is chosen, host and query stay', async () => {
  const node = await backend('app1', ({ url, headers }, response) => response.end(`${url} ${headers.host}`));
  const { origin } = await plane([httpNode('app1', node.port)], {
    rewrite: rules({ from: '^/old/(.*)$', to: '/app/$1' }),
  });
  const host = new URL(origin).host;
  expect((await fetchAll(`${origin}/old/a//b?x=%20`)).body).toBe(`/app/a//b?x=%20 ${host}`);
  expect((await fetchAll(`${origin}/same?x=%20`)).body).toBe(`/same?x=%20 ${host}`);
});

test('a rewrite rule may send the client elsewhere, and no node hears of it', async () => {
  const node = await backend('app1');
  const { origin, counter } = await plane([httpNode('app1', node.port)], {
    rewrite: rules({ from: '^/', to: 'https://new.example/', redirect: 308 }),
  });
  const { status, headers } = await fetchAll(`${origin}/a?b=c`);
  expect([status, headers.get('location')]).toEqual([308, 'https://new.example/a?b=c']);
  expect(node.requests).toBe(0);
  expect(counter('http.rejects.redirectedByRule')).toBe(1);
});

test('without a node requests are passed on to the unavailableHost when told so, bodies too', async () => {
  const standby = await backend('standby');
  const { origin, core } = await plane([], {
    unavailableHost: `localhost:${standby.port}`,
    unavailableMode: 'proxy',
    stickyCookie: 'LB',
  });
  await until('its name is looked up', async () => (await fetchAll(origin)).status === 200);
  const answered = await fetchAll(`${origin}/a`, { method: 'POST', body: 'hello' });
  expect(answered).toMatchObject({ status: 200, body: 'hello', node: 'standby' });
  expect(answered.headers.get('set-cookie')).toBeNull();
  const node = await backend('app1');
  core.setNodes([httpNode('app1', node.port)]);
  expect((await fetchAll(origin)).node).toBe('app1');
});

test('an unavailableHost that takes no connection is 502', async () => {
  const gone = await HttpBackend.start('gone');
  const { port } = gone;
  await gone.close();
  const { origin } = await plane([], { unavailableHost: `127.0.0.1:${port}`, unavailableMode: 'proxy' });
  await until('its name is looked up', async () => (await fetchAll(origin)).status === 502);
});

test.each([
  ['http', '200-399', 204, 404],
  ['http', '200', 200, 302],
] as const)('%s checks for %s keep a node out while it answers otherwise', async (kind, status, good, bad) => {
  let answered: number = good;
  const checked = await backend('app1', ({ url }, response) => {
    response.writeHead(url === '/health' ? answered : 200).end();
  });
  const other = await backend('app2');
  const check = { kind, path: '/health', status, intervalMs: 20, timeoutMs: 1000, rise: 2, fall: 2 };
  const { core } = await plane([httpNode('app1', checked.port), httpNode('app2', other.port)], { check });
  const usable = (): number => {
    core.balancer.choose('default', 'key');
    return core.table.pool('default').fresh.length;
  };
  await until('it has been asked', () => checked.requests > 3);
  expect(usable()).toBe(2);
  answered = bad;
  await until('it is out', () => usable() === 1);
  answered = good;
  await until('it is back', () => usable() === 2);
});

test('tcp checks keep a node out whose port is closed', async () => {
  const [closed, other] = [await HttpBackend.start('app1'), await backend('app2')];
  const check = { kind: 'tcp', path: '/', status: '200', intervalMs: 20, timeoutMs: 1000, rise: 2, fall: 2 } as const;
  const nodes = [httpNode('app1', closed.port), httpNode('app2', other.port)];
  await closed.close();
  const { origin, core, gauge } = await plane(nodes, { check });
  await until('it is out', () => gauge('http.checks.down') === 1);
  expect(core.table.pool('default').fresh.map(({ id }) => id)).toEqual(['app2']);
  expect((await fetchAll(origin)).node).toBe('app2');
});
