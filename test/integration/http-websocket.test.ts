import { connect, type AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { NodeState, type Node } from '../../proto';
import { HttpBackend } from '../support/http-backend';
import { httpNode, httpPlane, type HttpPlaneFixture } from '../support/http-plane-fixture';
import { RawClient, RawServer, answer, type RawConnection } from '../support/raw-http';
import { until } from '../support/until';

const HANDSHAKE =
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

const pong = ({ socket, received }: RawConnection): unknown =>
  socket.write(received.endsWith('\r\n\r\n') ? SWITCHED : 'pong', 'latin1');

let fixture: HttpPlaneFixture;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await fixture.plane.close();
});

async function echoServer(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: (all) => [...all][0] ?? false });
  server.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function open(protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${fixture.port}/ws`, protocols);
  closers.push(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.once('open', resolve).once('error', reject);
  });
  return socket;
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<Buffer> {
  const reply = new Promise<Buffer>((resolve) => {
    socket.once('message', (message) => resolve(message as Buffer));
  });
  socket.send(data);
  return reply;
}

async function rawNode(onData: Parameters<typeof RawServer.start>[0]): Promise<RawServer> {
  const node = await RawServer.start(onData);
  closers.push(() => node.close());
  return node;
}

function rawClient(): RawClient {
  const client = new RawClient(fixture.port);
  closers.push(() => client.destroy());
  return client;
}

test('a WebSocket echoes text and binary through the HTTP port of the node, and is counted', async () => {
  fixture = await httpPlane([httpNode('app1', await echoServer())]);
  const socket = await open(['sip', 'xmpp']);
  expect(socket.protocol).toBe('sip');
  expect((await echo(socket, 'hello')).toString()).toBe('hello');
  const big = Buffer.alloc(1_000_000, 'b');
  expect((await echo(socket, big)).equals(big)).toBe(true);
  expect(fixture.counter('http.tunnels.opened')).toBe(1);
  expect(fixture.counter('http.responses.101')).toBe(1);
  expect(fixture.gauge('http.tunnels')).toBe(1);
  expect(fixture.core.table.get('app1')?.live.activeSessions).toBe(1);
  socket.close(4001, 'bye');
  await until('the tunnel is gone', () => fixture.gauge('http.tunnels') === 0);
  expect(fixture.core.table.get('app1')?.live.activeSessions).toBe(0);
});

test('a node with a WebSocket port of its own is reached there', async () => {
  const plain = await HttpBackend.start('app1');
  closers.push(() => plain.close());
  fixture = await httpPlane([httpNode('app1', plain.port, { wsPort: await echoServer() })]);
  expect((await echo(await open(), 'x')).toString()).toBe('x');
  expect(plain.requests).toBe(0);
});

test('a tunnel outlives pushes and the drain of its node', async () => {
  const port = await echoServer();
  fixture = await httpPlane([httpNode('app1', port)]);
  const socket = await open();
  for (let i = 0; i < 100; i += 1)
    fixture.core.setNodes([httpNode('app1', port, { weight: i, state: NodeState.DRAINING })]);
  fixture.core.setNodes([]);
  expect((await echo(socket, 'still here')).toString()).toBe('still here');
});

test('X2: early bytes of both sides arrive', async () => {
  const node = await rawNode(({ socket, received }) => {
    if (received.endsWith('early-from-client')) socket.write('late-from-node');
    else if (received.includes('\r\n\r\n')) socket.write(`${SWITCHED}early-from-node`, 'latin1');
  });
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(`${HANDSHAKE}early-from-client`);
  expect(await client.until('late-from-node')).toMatch(/early-from-node.*late-from-node$/s);
});

test('X8: a half-closed tunnel still carries the other direction', async () => {
  const node = await rawNode(({ socket, received }) => {
    if (received.includes('\r\n\r\n') && !received.includes('done')) socket.write(SWITCHED, 'latin1');
  });
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(HANDSHAKE);
  await client.until('101');
  const [connection] = node.connections;
  connection?.socket.removeAllListeners('end');
  client.socket.end('done');
  await until('the node sees the end', () => connection?.socket.readableEnded);
  connection?.socket.end('last words');
  expect(await client.untilClosed()).toMatch(/last words$/);
  await until('the tunnel is gone', () => fixture.gauge('http.tunnels') === 0);
});

test.each(['client', 'node'] as const)('X6: a reset by the %s frees both sockets', async (side) => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(HANDSHAKE);
  await client.until('101');
  await until('the tunnel stands', () => fixture.gauge('http.tunnels') === 1);
  if (side === 'client') client.reset();
  else node.connections[0]?.socket.resetAndDestroy();
  await until('all is free', () => fixture.gauge('http.tunnels') === 0 && node.open === 0 && client.closed, 1000);
});

test('a refused handshake is an ordinary answer, body included', async () => {
  const node = await rawNode(({ socket }) =>
    socket.write(answer('who are you?', 'WWW-Authenticate: Basic\r\n').replace('200 OK', '401 Unauthorized'), 'latin1'),
  );
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const text = await rawClient().send(HANDSHAKE).until('who are you?');
  expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(text).toMatch(/^WWW-Authenticate: Basic\r$/m);
});

test('X9: the handshake is forwarded with its own fields, Origin and extensions too', async () => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)]);
  await rawClient()
    .send(
      HANDSHAKE.replace(
        '\r\n\r\n',
        '\r\nOrigin: http://o\r\nSec-WebSocket-Protocol: sip, x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
      ),
    )
    .until('101');
  for (const line of [
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: sip, x',
    'Sec-WebSocket-Extensions: permessage-deflate',
    'Origin: http://o',
    'X-Forwarded-For: 127.0.0.1',
  ]) {
    expect(node.received).toContain(`${line}\r\n`);
  }
});

test('no node takes the handshake: 503, and a refused one is tried elsewhere', async () => {
  fixture = await httpPlane([]);
  expect(await rawClient().send(HANDSHAKE).until('usable')).toMatch(/^HTTP\/1\.1 503 /);
  const gone = await rawNode(() => {});
  const { port } = gone;
  await gone.close();
  fixture.core.setNodes([httpNode('app1', port), httpNode('app2', await echoServer())]);
  for (let i = 0; i < 4; i += 1) expect((await echo(await open(), 'x')).toString()).toBe('x');
});

test('a silent tunnel is closed after its idle time', async () => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)], { tunnelIdleMs: 100 });
  const client = rawClient().send(HANDSHAKE);
  await client.until('101');
  await until('both are free', () => node.open === 0 && client.closed);
});

test('the plane closes with a tunnel open', async () => {
  fixture = await httpPlane([httpNode('app1', await echoServer())]);
  await open();
  await fixture.plane.close();
  expect(fixture.gauge('http.tunnels')).toBe(0);
  const refused = connect(fixture.port, '127.0.0.1');
  await new Promise((resolve) => {
    refused.once('error', resolve);
  });
});

test.each<[string, string]>([
  ['X1: a wrong Sec-WebSocket-Accept', SWITCHED.replace('s3pP', 'xxxx')],
  ['X1: no Sec-WebSocket-Accept', SWITCHED.replace(/Sec-WebSocket-Accept.*\r\n/, '')],
  ['X1: another protocol', SWITCHED.replace('websocket', 'h2c')],
  ['X1: 101 without Connection', SWITCHED.replace('Connection: Upgrade\r\n', '')],
])('%s from the node is 502', async (_rule, reply) => {
  const node = await rawNode(({ socket }) => socket.write(reply, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)]);
  expect(await rawClient().send(HANDSHAKE).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
  await until('the node is left', () => node.open === 0);
});

test.each<[string, string]>([
  ['no key', HANDSHAKE.replace(/Sec-WebSocket-Key.*\r\n/, '')],
  ['a short key', HANDSHAKE.replace('dGhl', '')],
  ['no version', HANDSHAKE.replace(/Sec-WebSocket-Version.*\r\n/, '')],
  ['POST', HANDSHAKE.replace('GET', 'POST')],
  ['a body', HANDSHAKE.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\nhi')],
])('X1: a handshake with %s is refused and never reaches the node', async (_what, handshake) => {
  const node = await rawNode(({ socket }) => socket.write(SWITCHED, 'latin1'));
  fixture = await httpPlane([httpNode('app1', node.port)]);
  expect(await rawClient().send(handshake).untilClosed()).toMatch(/^HTTP\/1\.1 400 /);
  expect(node.connections).toHaveLength(0);
});

test.each(['h2c', 'TLS/1.0', 'foo'])(
  'X5: Upgrade: %s is left out and the request served as it is',
  async (protocol) => {
    const node = await rawNode(({ socket }) => socket.write(answer('plain')));
    fixture = await httpPlane([httpNode('app1', node.port)]);
    await rawClient()
      .send(
        `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AA\r\n\r\n`,
      )
      .until('plain');
    expect(node.received).not.toMatch(/upgrade|http2-settings/i);
  },
);

test('X3: after a refused handshake the client goes on with ordinary requests', async () => {
  const node = await rawNode(({ socket, received }) =>
    socket.write(received.includes('/ws') ? answer('no').replace('200 OK', '426 Upgrade Required') : answer('yes')),
  );
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(HANDSHAKE);
  await client.until('no');
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await client.until(/no.*(no|yes)$/s)).toMatch(/^HTTP\/1\.1 426 /);
});

test('X4: fragments, ping, close codes and a megabyte pass as the bytes they are', async () => {
  let seen = Buffer.alloc(0);
  const node = await rawNode(({ socket, received }) => {
    const frames = received.slice(received.indexOf('\r\n\r\n') + 4);
    if (frames === '') socket.write(SWITCHED, 'latin1');
    else {
      socket.write(frames.slice(seen.length), 'latin1');
      seen = Buffer.from(frames, 'latin1');
    }
  });
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const client = rawClient().send(HANDSHAKE);
  await client.until('\r\n\r\n');
  const head = client.received.length;
  const sent = Array.from({ length: 100_000 }, (_, i) => String.fromCharCode((i * 7 + (i >> 8)) % 256)).join('');
  client.send(sent);
  await until('all has come back', () => client.received.length >= head + sent.length);
  expect(client.received.slice(head) === sent).toBe(true);
});

test('1 000 tunnels outlive 100 pushes, the beginning of a drain, and a node that vanishes', async () => {
  const node = await rawNode(({ socket, received }) =>
    socket.write(received.endsWith('\r\n\r\n') ? SWITCHED : 'pong', 'latin1'),
  );
  fixture = await httpPlane([httpNode('app1', node.port)]);
  const clients = Array.from({ length: 1000 }, () => rawClient().send(HANDSHAKE));
  await until('all stand', () => fixture.gauge('http.tunnels') === 1000);
  for (let i = 0; i < 100; i += 1) {
    fixture.core.setNodes([httpNode('app1', node.port, { weight: i }), httpNode(`other${i}`, 1)]);
  }
  fixture.core.setNodes([httpNode('app1', node.port, { state: NodeState.DRAINING })]);
  fixture.core.setNodes([httpNode('app1', node.port, { state: NodeState.SUSPECT })]);
  fixture.core.setNodes([]);
  for (const client of clients) client.send('ping');
  await until('all answer', () => clients.every(({ received }) => received.endsWith('pong')));
  expect(fixture.gauge('http.tunnels')).toBe(1000);
}, 30_000);

test.each([
  ['goes into MAINTENANCE', NodeState.MAINTENANCE],
  ['is removed', undefined],
])('Q6: tunnels of a node whose drain is over end with FIN, those of others stay: it %s', async (_how, state) => {
  const [one, two] = [await rawNode(pong), await rawNode(pong)];
  const others = httpNode('app2', two.port);
  const at = (now: NodeState): Node => httpNode('app1', one.port, { state: now });
  fixture = await httpPlane([at(NodeState.ACTIVE), others]);
  const clients = Array.from({ length: 20 }, () => rawClient().send(HANDSHAKE));
  await until('all stand', () => fixture.gauge('http.tunnels') === 20);
  fixture.core.setNodes([at(NodeState.DRAINING), others]);
  for (const client of clients) client.send('ping');
  await until('all answer', () => clients.every(({ received }) => received.endsWith('pong')));
  fixture.core.setNodes(state === undefined ? [others] : [at(state), others]);
  await until('half are left', () => fixture.gauge('http.tunnels') === 10);
  expect(fixture.counter('http.tunnels.drained')).toBe(10);
  await until('both sides have ended', () => one.open === 0 && clients.filter(({ closed }) => closed).length === 10);
  for (const client of clients.filter(({ closed }) => !closed)) await client.send('ping').until(/pongpong$/);
  expect(two.open).toBe(10);
});
