import { HttpBackend, fetchAll } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { RawClient, RawServer, answer } from '../support/raw-http';
import { until } from '../support/until';

let node: RawServer;
let fixture: HttpPlaneFixture;
let client: RawClient;

async function plane(server: RawServer): Promise<void> {
  node = server;
  fixture = await httpPlane([httpNode('app1', node.port)]);
  client = new RawClient(fixture.port);
}

beforeEach(async () => plane(await RawServer.answering(answer('ok'))));

afterEach(async () => {
  client.destroy();
  await fixture.plane.close();
  await node.close();
});

/** The plane still answers a plain request. */
async function expectAlive(): Promise<void> {
  const backend = await HttpBackend.start('alive');
  fixture.core.setNodes([httpNode('alive', backend.port)]);
  expect((await fetchAll(fixture.origin)).body).toBe('hello from alive');
  await backend.close();
}

test('a Trailer header on a GET harms nothing', async () => {
  await client.send('GET / HTTP/1.1\r\nHost: x\r\nTrailer: X-Sum\r\n\r\n').until('ok');
  expect(node.received.toLowerCase()).not.toContain('trailer');
  await expectAlive();
});

test('a Trailer header of a node harms nothing, not even to an HTTP/1.0 client', async () => {
  await fixture.plane.close();
  await node.close();
  await plane(
    await RawServer.answering(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
    ),
  );
  const text = await client.send('GET / HTTP/1.0\r\nHost: x\r\n\r\n').untilClosed();
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(text.endsWith('\r\n\r\nok')).toBe(true);
  expect(text.toLowerCase()).not.toContain('transfer-encoding');
  await expectAlive();
});

test.each(['DELETE', 'OPTIONS'])('the chunked body of a %s stays a body', async (method) => {
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  const size = smuggled.length.toString(16);
  client.send(
    `${method} /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${smuggled}\r\n0\r\n\r\n`,
  );
  await until('the body is through', () => node.received.includes('/smuggled') && /\r\n0\r\n/.test(node.received));
  expect(node.received).toMatch(/transfer-encoding: chunked/i);
  expect(node.received).not.toMatch(/content-length/i);
  await client.until('ok');
});

test('X6: 50 resets while an upgrade is pending leave no socket on either side after 1 s', async () => {
  await fixture.plane.close();
  await node.close();
  await plane(await RawServer.start());
  for (let i = 0; i < 50; i += 1) {
    const late = new RawClient(fixture.port);
    late.send(
      'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await until('the node has the handshake', () => node.connections[i]?.received.includes('\r\n\r\n'));
    late.reset();
  }
  await until('both sides are free', () => node.open === 0 && fixture.gauge('http.connections') <= 1, 1000);
  await expectAlive();
});

test.each([
  ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['no Host header', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  [
    'another coding than chunked',
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    501,
  ],
  [
    'both framings',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['CONNECT', 'CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', 405],
  ['a head that is too long', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['a target without a slash', 'GET a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
])('%s is refused and never reaches a node', async (_what, request, status) => {
  const text = await client.send(request).untilClosed();
  expect(text.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  expect(node.received).toBe('');
});

test('an absolute-form target goes on in origin form, with its own authority as Host', async () => {
  await client.send('GET http://real.example:81/p?q=1 HTTP/1.1\r\nHost: other.example\r\n\r\n').until('ok');
  expect(node.received).toMatch(/^GET \/p\?q=1 HTTP\/1\.1\r\n/);
  expect(node.received.match(/^host: .*$/gim)).toEqual(['Host: real.example:81']);
});

test('hop-by-hop fields end here, both ways', async () => {
  await fixture.plane.close();
  await node.close();
  await plane(
    await RawServer.answering(
      answer(
        'ok',
        'Connection: X-Inner\r\nX-Inner: 1\r\nProxy-Authenticate: Basic\r\nKeep-Alive: timeout=9\r\nX-Outer: 1\r\n',
      ),
    ),
  );
  const text = await client
    .send(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: X-Foo, Host, X-Forwarded-For\r\nX-Foo: 1\r\nTE: gzip\r\nX-Bar: 1\r\n' +
        'Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nKeep-Alive: 1\r\n\r\n',
    )
    .until('ok');
  expect(node.received).toMatch(/^X-Bar: 1\r$/m);
  expect(node.received).toMatch(/^Host: x\r$/m);
  expect(node.received).toMatch(/^X-Forwarded-For: 127\.0\.0\.1\r$/m);
  expect(node.received).not.toMatch(/^(x-foo|te|proxy-.*|upgrade|http2-settings|keep-alive):/im);
  expect(text).toMatch(/^X-Outer: 1\r$/m);
  expect(text).not.toMatch(/^(x-inner|proxy-authenticate):/im);
  expect(text).not.toMatch(/timeout=9/);
});

test('path and query go on byte for byte', async () => {
  const target = '//a/../b/./c//d%2F%2e%7E"|?x=//y&&z=%zz{}';
  await client.send(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`).until('ok');
  expect(node.received.slice(0, node.received.indexOf('\r\n'))).toBe(`GET ${target} HTTP/1.1`);
});

test('the node learns who asked, by what and for which host; a client is not believed', async () => {
  await client
    .send(
      'GET / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nVia: 1.1 edge\r\n\r\n',
    )
    .until('ok');
  const lines = node.received.split('\r\n');
  expect(lines.filter((line) => /^(x-forwarded-|via)/i.test(line)).toSorted()).toEqual([
    'Via: 1.1 edge, 1.1 triplane',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-Host: shop.example',
    'X-Forwarded-Proto: http',
  ]);
  expect(client.received).toMatch(/^Via: 1\.1 triplane\r$/m);
});

test('repeated fields keep number and order', async () => {
  await fixture.plane.close();
  await node.close();
  await plane(await RawServer.answering(answer('ok', 'Set-Cookie: a=1\r\nX-B: 1\r\nSet-Cookie: b=2\r\n')));
  await client.send('GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\n\r\n').until('ok');
  expect(node.received.match(/^X-A: .$/gim)?.map((line) => line.trim())).toEqual(['X-A: 1', 'X-A: 2']);
  expect(client.received.match(/^Set-Cookie: ...$/gm)).toEqual(['Set-Cookie: a=1', 'Set-Cookie: b=2']);
});

test('a body that is cut short never looks complete', async () => {
  await fixture.plane.close();
  await node.close();
  await plane(
    await RawServer.start(({ socket, received }) => {
      if (received.includes('\r\n\r\n')) {
        socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      }
    }),
  );
  const text = await client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n').untilClosed();
  expect(text).toContain('hello');
  expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
});

test('a client that goes takes its request from the node', async () => {
  await fixture.plane.close();
  await node.close();
  await plane(await RawServer.start());
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until('the node has the request', () => node.received.includes('\r\n\r\n'));
  client.destroy();
  await until('the node is left', () => node.open === 0, 1000);
});
